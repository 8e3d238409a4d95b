# Texts about recall and views. Both languages have the same keys; a test sees to it.

recall = Cakupan
recall-help = Berapa bagian unggahan yang seharusnya ditandai memang ditandai. Dihitung dari sampel acak unggahan yang tidak ditandai, dalam dua lapisan (ada kata barang atau asalnya, atau tidak), selama unggahan tak bertanda masih disimpan; selang 95 % dari simulasi dengan prior Jeffreys.
recall-none = Belum ada perkiraan. Penyelia mengundi sampel, lalu analis menilainya; kedua lapisan perlu label.
recall-interval = Selang 95 %:
recall-missed = Terlewat, kira-kira:
recall-stratum = Lapisan
recall-words = ada kata barang atau asalnya
recall-no-words = tanpa kata itu
recall-labelled = Dinilai
recall-relevant = Seharusnya ditandai
recall-unflagged = Tidak ditandai:
recall-looked = diundi untuk dibaca program:
recall-with-words = ada katanya:
recall-draw = Undi sampel
recall-waiting = { $count ->
   *[other] Nilai { $n } unggahan
  }
recall-label = Nilai sampel
recall-question = Seharusnya unggahan ini ditandai?
recall-label-help = Unggahan acak yang tidak ditandai aturan. Jawaban Anda mengukur berapa banyak yang terlewat; bila ya, unggahan ini masuk antrean.
recall-yes = Ya: pakaian bekas, asal impor, ditawarkan
recall-no = Tidak
done-recall-drawn = Sampel diundi.
done-recall-empty = Tidak ada sampel yang menunggu dinilai.
views-grown = Pertumbuhan penayangan

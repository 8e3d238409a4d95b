# Sesudah terkirim: tenggat, pengecekan, koreksi, keberatan.

follow-up-title = Tindak lanjut
sent = Terkirim
clocks = Tenggat yang berjalan
clocks-none = Tidak ada yang ditunggu. Tenggat mulai berjalan saat surat terkirim, platform menjawab, atau penjual mengajukan keberatan.
clocks-over = { $count ->
   *[other] { $n } lewat tenggat
  }
clock-until = Sampai
clock-over = lewat
clock-for = Menunggu
clock-about = Tentang
clock-posts = Unggahan
clock-since = Sejak
clock-next = Yang perlu dilakukan
clock-answer = jawaban platform
clock-confirmation = konfirmasi platform
clock-clarification = jawaban kita atas pertanyaan
clock-refusal = keputusan setelah penolakan
clock-correction = surat pencabutan
clock-appeal = jawaban atas keberatan
clock-do-answer = Bila tenggat lewat: buat surat pengingat, atau catat jawabannya.
clock-do-confirmation = Tanyakan kepada platform apakah unggahannya sudah dipulihkan, lalu catat jawabannya.
clock-do-clarification = Jawab platform lewat surel dengan bukti yang lebih baik, lalu catat jawaban berikutnya.
clock-do-refusal = Ajukan permohonan ke Komdigi, cabut permintaannya, atau cukupkan.
clock-do-correction = Masukkan pencabutan ke paket dan mintakan tanda tangan.
clock-do-appeal = Baca keberatannya dan jawab.
request-end = Cukupkan
request-end-why = Alasan
by-hand = Perlu dilihat sendiri
by-hand-note = Program tidak dapat mengecek unggahan di platform ini. Buka unggahannya tanpa masuk akun, lalu catat yang Anda lihat.
by-hand-none = Tidak ada yang perlu dilihat sendiri saat ini.
by-hand-seen = Yang Anda lihat
seen-up = seperti semula
seen-edited = teksnya berubah
seen-gone = tidak ada
seen-restricted = tidak tampil di Indonesia
seen-private = privat
turned = Berubah atau tayang lagi
turned-none = Tidak ada unggahan yang berubah atau tayang lagi.
turned-back = tayang lagi
again = Muncul lagi setelah permintaan
again-note = Unggahan yang menunggu dari akun yang pernah dimintakan, dengan kontak atau halaman yang sama, atau dengan kata-kata yang hampir sama. Diputuskan seperti unggahan lain.
again-none = Tidak ada yang mirip dengan unggahan yang pernah dimintakan.
again-account = akun sama
again-contact = kontak sama
again-words = kata-kata hampir sama
again-after = setelah
fired = Tenggat yang sudah lewat
fired-none = Belum ada tenggat yang lewat.
liveness-edited = tayang, teksnya berubah
liveness-restricted = tidak tampil di Indonesia
liveness-private = privat
home-clocks = { $count ->
   *[other] { $n } tenggat sudah lewat
  }
home-appeals = { $count ->
   *[other] { $n } keberatan menunggu
  }

corrections = Koreksi
doubts = Permintaan yang kini meragukan
doubts-note = Program hanya menunjukkan. Lihat unggahannya; bila permintaannya keliru, cabut di halaman suratnya.
doubts-none = Tidak ada permintaan berlaku yang meragukan.
doubt-why = Mengapa
doubt-letter = Surat
doubt-evidence = bukti tidak cocok dengan nilai hash-nya
doubt-rules = aturan yang sekarang tidak akan menandainya
doubt-edited = teksnya bukan yang dulu diputuskan
withdrawals = Pencabutan
withdrawals-none = Belum ada yang dicabut.
confirmed = Dikonfirmasi
confirmed-all = dikonfirmasi
confirmed-refused = { $count ->
   *[other] { $n } ditolak
  }
wrong-letters = Surat yang isinya tidak lagi berlaku:
withdraw = Cabut
withdraw-note = Centang unggahan yang keliru. Unggahan itu dilepaskan, dan surat pencabutannya menunggu tanda tangan orang lain.
withdraw-reason = Sebenarnya unggahan itu
withdraw-why = Catatan untuk rekan
withdraw-do = Cabut yang dicentang
withdraw-all = semua
withdraw-this = Cabut permintaan tentang unggahan ini

appeals = Keberatan
appeals-none = Tidak ada keberatan yang menunggu jawaban.
appeals-answered = Sudah dijawab
appeal = Keberatan
appeal-unknown = tidak ada surat kita
appeal-says = Yang ditulis penjual
appeal-forgotten = Isi keberatan ini sudah dihapus sesuai masa simpannya.
appeal-no-post = Kita tidak mengirim surat tentang yang disebut di sini.
appeal-answer = Jawaban
appeal-answer-note = Yang memutuskan, menyetujui, atau menandatangani tidak dapat menjawab. Penjual membaca jawaban Anda dengan tiketnya.
appeal-outcome = Hasil
appeal-accepted = Keberatan benar
appeal-rejected = Permintaan tetap berlaku
appeal-not-ours = Bukan tentang surat kami
appeal-means-accepted = Unggahannya dilepaskan dan surat pencabutan dibuat.
appeal-means-rejected = Jelaskan alasannya.
appeal-means-not-ours = Sebutkan ke mana penjual dapat bertanya.
appeal-answer-text = Yang dibaca penjual
appeal-answer-send = Jawab
appeal-waits = Belum dijawab.
appellant = Siapa yang mengajukan
appellant-note = Pembacaan ini dicatat di log.
appeal-title = Ajukan keberatan
appeal-lead = Kami meminta platform meninjau unggahan Anda, atau menulis kepada Anda, dan menurut Anda itu keliru? Jelaskan kepada kami. Orang yang tidak terlibat sebelumnya akan memeriksa dan menjawab dalam sepuluh hari kerja. Anda tidak memerlukan akun.
appeal-closed = Keberatan sedang tidak diterima di sini. Tulislah ke alamat pada surat kami.
appeal-subject = Nomor perkara (KS-…) atau alamat unggahan Anda
appeal-statement = Mengapa kami keliru
appeal-privacy = Nama dan kontak Anda disimpan terpisah dari isi keberatan, hanya dilihat penyelia, dan dihapus setelah beberapa waktu. Selama diperiksa, tidak ada permintaan baru tentang unggahan Anda.
appeal-send = Kirim keberatan
appeal-problems = Keberatan belum terkirim:
appeal-problem-name = Nama Anda belum diisi.
appeal-problem-contact = Nomor telepon atau alamat surel belum diisi.
appeal-problem-subject = Sebutkan unggahan yang dimaksud.
appeal-problem-statement = Jelaskan mengapa kami keliru.
appeal-problem-too-long = Ada teks yang terlalu panjang.
appeal-taken = Terima kasih. Keberatan Anda sudah kami simpan.
appeal-ticket-note = Catatlah: dengan tiket ini Anda membaca jawaban kami. Kami tidak dapat mencarikannya.
appeal-status = Hasil keberatan
appeal-waiting = Menunggu jawaban
appeal-waiting-why = Sedang diperiksa. Silakan tanyakan lagi beberapa hari kemudian.
appeal-no-ticket = Tidak ada keberatan dengan tiket ini. Periksa huruf dan tanda hubungnya.
held-hold = Akunnya sedang ditahan.
held-appeal = Pemilik akun mengajukan keberatan. Jawab dulu keberatannya.
mark-hold = ditahan
hold-do = Tahan akun ini
hold-note = Ditahan: tidak ada permintaan tentang akun ini.
hold-help = Untuk penyidik yang memintanya. Selama ditahan, unggahan akun ini tidak dimasukkan ke surat apa pun. Hanya penyelia yang melihat alasannya.
hold-reference = Rujukan instansi yang meminta
hold-save = Tahan
hold-end = Akhiri penahanan
accounts-hold = Ditahan
accounts-hold-empty = Tidak ada akun yang ditahan.

done-looked = Yang Anda lihat sudah dicatat.
done-ended = Permintaan dicukupkan.
done-appeal-answered = Keberatan sudah dijawab.

# Laporan kepada publik.
record-title = Laporan publik
record-lead = Apa yang kami minta kepada platform dan pihak lain, apa hasilnya, dan di mana kami keliru. Setiap angka dihitung dari log kami, menurut hari dan jam Jakarta.
record-closed = Laporan tidak diterbitkan di sini.
record-none = Belum ada laporan yang diterbitkan. Laporan terbit untuk setiap bulan.
record-all = Semua laporan
record-smallest = { $count ->
   *[other] Jumlah di bawah { $n } tidak ditampilkan (···), begitu pula angka yang dapat mengungkapkannya.
  }
record-undescribed = { $count ->
   *[other] { $n } surat dari versi sebelumnya tidak dihitung.
  }
record-left-out = tidak ditampilkan karena kecil atau dapat mengungkapkan angka kecil
record-total = Seluruhnya
record-nothing = Tidak ada bulan ini.
record-verify = Cara memeriksa
record-verify-how = Angka ini berasal dari log kami sampai peristiwa yang disebut di sini. Siapa pun yang memegang log hasil ekspor dapat menghitung ulang dengan: sisir audit verify LOG --report LAPORAN.json
record-table-judged = Unggahan yang dinilai orang
record-note-judged = Setiap penilaian menurut alasannya, termasuk yang menyatakan unggahan sah. Yang diurungkan dalam beberapa menit tidak dihitung; unggahan yang dinilai dua kali dihitung dua kali.
record-table-letters = Unggahan dalam surat
record-note-letters = Menurut jenis surat, untuk surat yang terkirim. Pencabutan dan ralat menarik kembali yang sebelumnya diminta.
record-table-requested = Unggahan yang dimintakan, per platform
record-note-requested = Platform meninjau setiap unggahan dan memutuskan sendiri.
record-table-answers = Jawaban platform
record-note-answers = Jawaban terbaru tentang setiap unggahan, pada bulan jawaban itu dicatat.
record-table-down = Unggahan yang tidak tampak lagi
record-note-down = Menurut pengecekan kami sendiri, siapa pun yang menurunkannya: platform atau pemiliknya.
record-table-appeals = Keberatan yang dijawab
record-note-appeals = Oleh orang yang tidak terlibat dalam permintaannya.
record-table-late = Tenggat yang lewat
record-note-late = Yang tidak selesai tepat waktu, oleh platform maupun oleh kami.
record-table-received = Yang kami terima
record-note-received = Keberatan, dan laporan yang menunjukkan unggahan kepada kami.
record-table-rules = Aturan
record-note-rules = Berapa kali kata dan aturan yang dipakai program untuk mengusulkan unggahan diubah. Dua orang yang mengubahnya.
record-row-objections = keberatan
record-row-reports-public = laporan masyarakat
record-row-reports-associations = laporan asosiasi
record-row-changed = diubah
record-desk-lead = Untuk setiap bulan, penyelia melihat angkanya lalu menerbitkannya. Sejak itu angkanya tetap.
record-desk-closed = Laporan yang diterbitkan tidak ditampilkan: record.open di konfigurasi tidak aktif.
record-desk-none = Belum terjadi apa-apa; laporan dihitung dari log.
record-month = Bulan
record-published = terbit
record-ready = dapat diterbitkan
record-running = belum selesai
record-publish = Terbitkan
record-publish-note = Lihat dulu angkanya. Laporan yang sudah terbit tidak dapat diubah atau ditarik.
record-open = Laporan kepada publik

done-published = Laporan sudah diterbitkan.

stages = Di Komdigi
stages-note = Keterangan Komdigi tentang permohonan ini. Hanya dicatat: tidak ada yang terjadi dengan sendirinya, dan surat kita tidak menyebutnya.
stages-none = Belum ada keterangan. Catat keterangan Komdigi di sini.
stage-save = Catat
stage-received = diterima
stage-order = platform diperintahkan menurunkan
stage-st1 = surat teguran 1
stage-st2 = surat teguran 2
stage-st3 = surat teguran 3
stage-blocked = akses diputus
stage-closed = selesai tanpa pemutusan

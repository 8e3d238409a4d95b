# Texts of the pages about the API and webhooks. Both languages have the same keys; a test sees to it.

api = API
api-lead = Untuk program lain di kementerian: membaca unggahan yang ditandai dan, dengan token untuk itu, memutuskan atas nama seseorang. Tidak ada token yang dapat menandatangani paket.
api-address = https://alamat-meja-kerja
api-body = Isi:
api-answers = Jawaban:
api-schemas = Bentuk isi dan jawaban
tokens = Token API
tokens-empty = Tidak ada token. Buatlah satu bila sebuah program harus membaca data atas nama Anda.
token-name = Untuk apa token ini
token-days = Berlaku berapa hari
token-writes = Boleh memutuskan atas nama saya
token-make = Buat token
token-once = Salin sekarang; token ini hanya ditampilkan sekali:
token-ends = Berakhir
token-used = Hari terakhir dipakai
token-may = Boleh
token-reads = membaca
token-decides = membaca dan memutuskan
token-revoke = Akhiri
tokens-nobody = Belum ada yang punya token. Setiap orang membuat token sendiri di halaman Akun saya.
webhooks = Webhook
webhooks-lead = peristiwa yang dikirim ke program lain
webhooks-empty = Tidak ada alamat. Tambahkan satu bila program lain perlu tahu saat sesuatu terjadi.
webhook-url = Alamat
webhook-kinds = Peristiwa
webhook-kinds-choose = Peristiwa yang dikirim (kosong: semua)
webhook-behind = Belum dikirim, paling banyak
webhook-off = mati
webhook-failing = { $count ->
   *[other] gagal { $n } kali berturut-turut
  }
webhook-switch-on = Nyalakan
webhook-switch-off = Matikan
webhook-new = Alamat baru
webhook-help = Setiap peristiwa dikirim berurutan sampai diterima, dengan tanda tangan HMAC-SHA-256 menurut Standard Webhooks. Isinya hanya nomor baris dan jumlah, tanpa data pribadi. Alamat yang tiga hari tidak menerima apa pun dimatikan.
webhook-secret = Kunci tanda tangan; hanya ditampilkan sekali:
webhook-add = Tambahkan

//! Files of the tools that people really use, through the program to the database, on both.

use serde_json::{Value, json};
use sisir::domain::Platform;
use sisir::pipeline::import::{ImportReport, import};
use sisir::store::posts;

use crate::cli::{sisir, text};
use crate::on_both;
use crate::support::{Engine, Stage};

/// A TikTok id that was made at so many seconds of unix time.
fn tiktok_id(seconds: u64, number: u64) -> u64 {
    (seconds << 32) | number
}

/// One captured item as Zeeschuimer writes it, with the parts that are large or odd in real files.
fn captured(number: u64) -> Value {
    let (name, seconds) = (format!("toko.contoh{}", number % 50), 1_795_000_000 + number * 60);
    let caption = format!("Contoh unggahan {number} 🧵\nbaris \"kedua\"");
    match number % 3 {
        0 => json!({
            "id": number, "item_id": tiktok_id(seconds, number).to_string(), "source_platform": "tiktok.com", "nav_index": "3:12:4",
            "timestamp_collected": seconds * 1000, "user_agent": "Mozilla/5.0",
            "data": {
                "id": tiktok_id(seconds, number).to_string(), "desc": caption, "createTime": seconds.to_string(),
                "author": {"id": "6800000000000000001", "uniqueId": name, "nickname": "Toko"}, "stats": {"playCount": number},
                "stickersOnItem": [{"stickerText": ["TULISAN DI VIDEO"]}], "imagePost": if number.is_multiple_of(2) { json!({"images": []}) } else { Value::Null },
                // What a page gets is far larger than what is kept of it.
                "video": {"playAddr": "https://video.example/?x-expires=1&".repeat(2000)},
            },
        }),
        1 => json!({
            "id": number, "source_platform": "instagram.com",
            "data": {
                "code": format!("C9a{number:08}"), "taken_at": seconds, "caption": if number.is_multiple_of(5) { Value::Null } else { json!({"text": caption}) },
                "user": {"id": "1", "username": name}, "_zs_instagram_view": "search", "like_count": 1,
            },
        }),
        _ => json!({
            "id": number, "source_platform": "instagram.com",
            "data": {
                "__typename": "GraphImage", "shortcode": format!("C9b{number:08}"), "taken_at_timestamp": seconds,
                "edge_media_to_caption": {"edges": [{"node": {"text": caption}}]}, "owner": {"id": "1", "username": name},
            },
        }),
    }
}

async fn bring(stage: &Stage, name: &str, content: &[u8]) -> ImportReport {
    let file = stage.dir.path().join(name);
    std::fs::write(&file, content).unwrap();
    import(&stage.pipeline, &file, &[], |_, _, _| {}).await.unwrap()
}

async fn five_thousand_captured_items(stage: &Stage) {
    let lines: Vec<String> = (0..5000).map(|number| captured(number).to_string()).collect();
    let file = lines.join("\n");
    let report = bring(stage, "zeeschuimer-export.ndjson", file.as_bytes()).await;
    assert_eq!((report.rows, report.new, report.rejected), (5000, 5000, 0), "{:?}", report.first);
    let again = bring(stage, "zeeschuimer-export.ndjson", file.as_bytes()).await;
    assert_eq!((again.new, again.known, again.rejected), (0, 5000, 0));
    let stored = posts::all(stage.store()).await.unwrap();
    assert_eq!(stored.len(), 5000);
    let tiktok = stored.iter().find(|post| post.platform == Platform::Tiktok).unwrap();
    assert!(tiktok.text.ends_with("TULISAN DI VIDEO"), "{}", tiktok.text);
    // The same items as one array are the same posts.
    let array = format!("[{}]", lines[..100].join(","));
    let array = bring(stage, "items.json", array.as_bytes()).await;
    assert_eq!((array.new, array.known, array.rejected), (0, 100, 0));
}

async fn the_tables_of_tools_meet_in_one_post(stage: &Stage) {
    let id = tiktok_id(1_795_000_000, 7);
    let tables = [
        format!(
            "tiktok_url;id;author;body;stickers;unix_timestamp;plays\nhttps://www.tiktok.com/@toko.contoh/video/{id};{id};toko.contoh;Buka bal;HARGA 2JT;1795000000;0\n"
        ),
        format!(
            "video_id,video_timestamp,video_diggcount,video_playcount,video_description,video_stickers,author_username\n{id},2026-11-18T18:00:00,5,1200,Buka bal,HARGA 2JT,toko.contoh\n"
        ),
        format!(
            "video_id,video_url,video_timestamp,video_title,video_diggcount,video_playcount,author_username\n{id},https://www.tiktok.com/@toko.contoh/video/{id},2026-11-18 11:06:40,Buka bal,5,1300,toko.contoh\n"
        ),
    ];
    let mut reports = Vec::new();
    for (number, table) in tables.iter().enumerate() {
        reports.push(bring(stage, &format!("tabel{number}.csv"), table.as_bytes()).await);
    }
    assert_eq!(reports.iter().map(|report| (report.new, report.known)).collect::<Vec<_>>(), [(1, 0), (0, 1), (0, 1)]);
    let stored = posts::all(stage.store()).await.unwrap();
    assert_eq!(stored.len(), 1);
    assert_eq!(stored[0].posted_at.unwrap().0, 1_795_000_000_000, "the time of the id, not a collector's local time");
    assert_eq!(stored[0].views, Some(1300));
}

async fn leads_and_partial_items_take_nothing_away(stage: &Stage) {
    let library = "id,creation_time,text,post_owner.id,post_owner.name,statistics.views\n\
        1234567890123456789,2026-11-20T01:00:00+0000,Buka bal di gudang,99,Toko Contoh,12\n";
    let report = bring(stage, "mcl.csv", library.as_bytes()).await;
    assert_eq!((report.new, report.rejected), (1, 0), "{:?}", report.first);
    let lead = posts::all(stage.store()).await.unwrap().remove(0);
    assert_eq!((lead.platform, lead.url.as_str(), lead.views), (Platform::Other, "", Some(12)));
    assert!(lead.native_id.starts_with('h'), "its id is the library's, not the platform's: {}", lead.native_id);

    let item = |caption: Value| json!({"source_platform": "instagram.com", "data": {"code": "C9aBcDeFgHi", "caption": caption}});
    let whole = item(json!({"text": "Buka bal"}));
    for file in
        [format!("{whole}\n{}\n", item(Value::Null)), format!("{}\n{whole}\n", item(Value::Null)), item(Value::Null).to_string()]
    {
        bring(stage, "sebagian.ndjson", file.as_bytes()).await;
        let stored = posts::all(stage.store()).await.unwrap();
        let post = stored.iter().find(|post| post.platform == Platform::Instagram).unwrap();
        assert_eq!(post.text, "Buka bal");
        assert!(post.posted_at.is_some(), "from its id");
    }
}

on_both! {
    five_thousand_items_are_read_without_a_reject => five_thousand_captured_items,
    one_post_of_three_tools_is_one_row => the_tables_of_tools_meet_in_one_post,
    what_says_less_takes_nothing_away => leads_and_partial_items_take_nothing_away,
}

#[test]
fn a_workbook_is_read_guessed_corrected_and_its_bad_rows_are_kept() {
    let dir = tempfile::tempdir().unwrap();
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    sheet.write_row(0, 0, ["No", "Isi laporan", "Tautan", "Judul"]).unwrap();
    sheet.write_row(1, 0, ["1", "Buka bal segel Korea, chat WA", "https://youtu.be/AbCdEfGhI_1", "laporan warga"]).unwrap();
    sheet.write_row(3, 0, ["3", "", "https://vm.tiktok.com/ZM1/", ""]).unwrap();
    book.save(dir.path().join("laporan.xlsx")).unwrap();
    let first = sisir(dir.path(), &["import", "--no-screen", "laporan.xlsx"], b"");
    assert!(
        text(&first.stdout).contains("columns: url = Tautan, text = Judul; if that is wrong, say --column"),
        "{}",
        text(&first.stdout)
    );
    let told = sisir(dir.path(), &["import", "--no-screen", "laporan.xlsx", "--column", "text=isi laporan"], b"");
    assert_eq!(told.status.code(), Some(1), "one row was rejected");
    assert!(text(&told.stdout).contains("text = Isi laporan"), "{}", text(&told.stdout));
    assert!(
        text(&told.stderr).contains("laporan.xlsx:4: `https://vm.tiktok.com/ZM1/` is a short link"),
        "{}",
        text(&told.stderr)
    );
    let kept = std::fs::read_to_string(dir.path().join("laporan.ditolak-2.csv")).unwrap();
    assert_eq!(kept, "No,Isi laporan,Tautan,Judul\n3,,https://vm.tiktok.com/ZM1/,\n");
    let wrong = sisir(dir.path(), &["import", "laporan.xlsx", "--column", "text=Catatan"], b"");
    assert!(
        text(&wrong.stderr).contains("there is no column `Catatan` (found: No, Isi laporan, Tautan, Judul)"),
        "{}",
        text(&wrong.stderr)
    );
    let unknown = sisir(dir.path(), &["import", "laporan.xlsx", "--column", "isi=Catatan"], b"");
    assert!(text(&unknown.stderr).contains("`isi` is none of url, text, platform"), "{}", text(&unknown.stderr));
}

/// What a person says of the columns of a table is used again for the next one with the same header, until it is forgotten.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_said_of_columns_is_remembered() {
    use sisir::pipeline::import::{Saved, forget_columns};
    use sisir::platforms::import::Holds;
    let stage = Stage::new(Engine::Sqlite).await.unwrap();
    let file = |name: &str, row: &str| {
        let path = stage.dir.path().join(name);
        std::fs::write(&path, format!("kode;Isi Unggahan;kanal\n{row}\n")).unwrap();
        path
    };
    let (first, second) = (file("a.csv", "1;Bal segel impor;tiktok"), file("b.csv", "2;Karungan impor ready;tiktok"));
    let unknown = import(&stage.pipeline, &first, &[], |_, _, _| {}).await.unwrap_err().to_string();
    assert!(unknown.contains("no column with a text"), "{unknown}");
    let told = [(Holds::Text, "isi unggahan".to_owned()), (Holds::Platform, "kanal".to_owned())];
    let report = import(&stage.pipeline, &first, &told, |_, _, _| {}).await.unwrap();
    assert_eq!((report.new, report.saved), (1, Saved::Kept));
    let report = import(&stage.pipeline, &second, &[], |_, _, _| {}).await.unwrap();
    assert_eq!((report.new, report.saved), (1, Saved::Used));
    let all = posts::all(stage.store()).await.unwrap();
    assert!(all.iter().any(|post| post.text == "Karungan impor ready" && post.platform == sisir::domain::Platform::Tiktok));
    forget_columns(&stage.pipeline, &second).await.unwrap();
    assert!(import(&stage.pipeline, &second, &[], |_, _, _| {}).await.is_err());
}

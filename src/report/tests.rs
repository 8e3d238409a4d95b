use super::*;
use crate::domain::legal::{Basis, BasisKind};

fn basis(id: &str, kind: BasisKind) -> Basis {
    let (cite, source) = (format!("Peraturan {id}"), "contoh".to_owned());
    Basis {
        id: id.into(),
        kind,
        cite,
        cite_en: Some(format!("Regulation {id}")),
        effective_from: "2020-01-01".into(),
        effective_to: None,
        source,
    }
}

fn report(kind: BatchKind) -> BatchReport {
    let at = Millis(1_795_136_644_000);
    let row = |item_no: i32, text: &str| ReportRow {
        item_no,
        case_id: format!("KS-{item_no:06}"),
        native_id: "7710086336492602401".into(),
        url: "https://www.tiktok.com/@toko.contoh/video/7710086336492602401".into(),
        author: "toko.contoh".into(),
        posted_at: Some(at),
        seen_at: at,
        looked_at: Some(at),
        text_sha256: sha256_hex(text.as_bytes()),
        screenshots: vec!["1".repeat(64)],
        answer: None,
        capture: Some("2".repeat(64)),
        excerpt: redact(text, 200),
        elements: ["buka bal".into(), "korea".into(), "35k".into()],
        rules: vec!["bal-ditawarkan".into()],
        reason: "bale_offer".into(),
        reviewer: "petugas 2".into(),
        second_reviewer: Some("petugas 3".into()),
        decided_at: at,
    };
    BatchReport {
        code: "TR-2026-000001".into(),
        number: "B-1/SISIR/XI/2026".into(),
        kind,
        platform: Platform::Tiktok,
        dated: at,
        answer_by: jiff::civil::date(2026, 11, 27),
        from: Letterhead { name: "Kementerian Contoh".into(), answer_days: 5, ..Letterhead::default() },
        to: Addressee {
            office: "Tim Hubungan Pemerintah".into(),
            entity: "Contoh".into(),
            email: "platform@contoh.id".into(),
            portal: String::new(),
        },
        basis: vec![basis("PM47", BasisKind::ImportBan), basis("PP80-22", BasisKind::Content)],
        of_rows: 3,
        pictures: Vec::new(),
        refers_to: if kind.follows().is_none() {
            vec![Reference { code: "TR-2026-000000".into(), number: "B-0/SISIR/XI/2026".into(), dated: Some(at) }]
        } else {
            vec![]
        },
        rows: vec![
            row(1, "=HYPERLINK(\"jahat\") Buka bal 🔥 #eval(1) $x$ \\ *tebal* WA 0800-0000-0105"),
            row(2, "b\u{200b}al segel"),
        ],
        rule_set: "0".repeat(64),
        measured: Measured { days: 90, upheld: 38, dismissed: 2, recall: Some((0.81, Interval { low: 0.7, high: 0.9 })) },
    }
}

#[test]
fn the_same_report_gives_the_same_bytes() {
    for kind in BatchKind::ALL {
        assert_eq!(render(&report(*kind)).unwrap(), render(&report(*kind)).unwrap(), "{kind}");
    }
}

#[test]
fn the_manifest_names_every_other_file_with_its_hash() {
    let files = render(&report(BatchKind::Request)).unwrap();
    let manifest = String::from_utf8(files.last().unwrap().bytes.clone()).unwrap();
    let expected: String = files[..files.len() - 1].iter().map(|f| format!("{}  {}\n", sha256_hex(&f.bytes), f.name)).collect();
    assert_eq!(manifest, expected);
    assert_eq!(files.len(), 8);
}

/// What each kind of letter encloses, by the ends of the names.
#[test]
fn every_kind_has_its_files() {
    for kind in BatchKind::ALL {
        let mut report = report(*kind);
        if *kind == BatchKind::Notice {
            report.to = Addressee { portal: "https://www.tiktok.com".into(), ..Addressee::default() };
        }
        report.pictures = vec![Picture { name: "KS-000001-1.png".into(), media_type: "image/png", bytes: vec![1] }];
        let names: Vec<String> =
            render(&report).unwrap().into_iter().map(|file| file.name.replace("TR-2026-000001", "")).collect();
        let lists = ["-lampiran.xlsx", "-lampiran.csv"];
        let expected: Vec<&str> = match kind {
            BatchKind::Request | BatchKind::Withdrawal | BatchKind::Reminder => {
                let answers = ["-lampiran.json", "-tanggapan.xlsx", "-tanggapan.csv"];
                ["-surat.pdf", "-letter.pdf"].into_iter().chain(lists).chain(answers).collect()
            }
            BatchKind::Application => {
                ["-surat.pdf"].into_iter().chain(lists).chain(["-analisis-hukum.pdf", "-KS-000001-1.png"]).collect()
            }
            BatchKind::Notice => ["-surat.pdf"].into_iter().chain(lists).chain([NOTICE_SUFFIX]).collect(),
            BatchKind::Lead | BatchKind::Correction => ["-surat.pdf"].into_iter().chain(lists).collect(),
        };
        assert_eq!(names, expected.into_iter().chain([MANIFEST]).collect::<Vec<_>>(), "{kind}");
    }
}

/// A lead says where goods came in, and of the people only what their address shows.
#[test]
fn a_lead_holds_as_little_as_it_needs() {
    let files = render(&report(BatchKind::Lead)).unwrap();
    let csv = String::from_utf8(files.iter().find(|file| file.media_type == "text/csv").unwrap().bytes.clone()).unwrap();
    let header = csv.lines().next().unwrap();
    assert_eq!(header, "\u{feff}no,id_perkara,tautan,waktu_unggah_wib,kata_tentang_asal,keterangan");
    assert!(csv.contains("korea") && csv.contains("belum diverifikasi"));
    assert!(!csv.contains("HYPERLINK") && !csv.contains("petugas"), "{csv}");
}

#[test]
fn a_notice_says_what_is_allowed_and_who_helps() {
    let mut report = report(BatchKind::Notice);
    report.from.help = "0800-0000-0000".into();
    report.from.email = "bantuan@contoh.go.id".into();
    let text = letter::notice_text(&report);
    for part in
        ["Kementerian Contoh", "Peraturan PM47", "diperbolehkan", "0800-0000-0000", "bantuan@contoh.go.id", "TR-2026-000001"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains('{'), "{text}");
    // Taken back, each seller gets a text, and not the list of the others.
    let mut wrong = self::report(BatchKind::Correction);
    wrong.to = Addressee { portal: "https://www.tiktok.com".into(), ..Addressee::default() };
    let text = letter::notice_text(&wrong);
    assert!(text.contains("TR-2026-000000") && text.contains("keliru") && !text.contains('{'), "{text}");
    assert!(render(&wrong).unwrap().iter().any(|file| file.name.ends_with(NOTICE_SUFFIX)));
}

#[test]
fn spreadsheets_never_get_a_formula() {
    let files = render(&report(BatchKind::Request)).unwrap();
    let csv = String::from_utf8(files.iter().find(|f| f.media_type == "text/csv").unwrap().bytes.clone()).unwrap();
    assert!(csv.starts_with("\u{feff}no,id_perkara,"));
    assert!(csv.contains("\"'=HYPERLINK(\"\"jahat\"\")"), "{csv}");
    assert!(!csv.contains("0800"), "contacts are masked");
}

#[test]
fn letters_allege_and_never_threaten() {
    for (text, alleges) in [
        (include_str!("../../templates/letter/isi-id.typ"), "diduga"),
        (include_str!("../../templates/letter/isi-en.typ"), "suspected"),
        (include_str!("../../templates/letter/permohonan.typ"), "diduga"),
        (include_str!("../../templates/letter/analisis.typ"), "diduga"),
        (include_str!("../../templates/letter/informasi.typ"), "petunjuk"),
        (include_str!("../../templates/letter/pemberitahuan.txt"), "tampaknya"),
        (include_str!("../../templates/letter/ralat.typ"), "ternyata"),
        (include_str!("../../templates/letter/ralat.txt"), "keliru"),
    ] {
        let lower = text.to_lowercase();
        assert!(lower.contains(alleges));
        for word in ["terbukti", "pelaku kejahatan", "oknum", "sanksi pidana", "wajib", "st1", "1x24"] {
            assert!(!lower.contains(word), "{word}");
        }
    }
}

/// The annexes are there, and what a screen reader and an archive need; typst refuses to write anything else.
#[test]
fn letters_of_both_languages_say_what_they_are() {
    for kind in BatchKind::ALL {
        let files = render(&report(*kind)).unwrap();
        let letters: Vec<_> = files.iter().filter(|file| file.media_type == PDF).collect();
        assert!(!letters.is_empty());
        for ReportFile { name, bytes, .. } in letters {
            let text = String::from_utf8_lossy(bytes);
            for part in
                ["<pdfaid:part>2</pdfaid:part>", "<pdfaid:conformance>A</pdfaid:conformance>", "<pdfuaid:part>1</pdfuaid:part>"]
            {
                assert!(text.contains(part), "{name} of a {kind} lacks {part}");
            }
        }
    }
}

#[test]
fn the_machine_readable_file_follows_its_schema() {
    for kind in BatchKind::ALL.iter().filter(|kind| kind.is_answered()) {
        let report = report(*kind);
        let files = render(&report).unwrap();
        let json = &files.iter().find(|file| file.name.ends_with(JSON_SUFFIX)).unwrap().bytes;
        // The types refuse unknown and missing fields, and the schema is made of them.
        let read: takedown_request::TakedownRequest = serde_json::from_slice(json).unwrap();
        assert_eq!(read, takedown_request::TakedownRequest::of(&report));
        let items = serde_json::to_vec(&read.items).unwrap();
        assert_eq!(read.integrity.sha256_items, sha256_hex(&items));
        assert_eq!((read.counts.items, read.schema.as_ref()), (report.rows.len(), takedown_request::SCHEMA));
    }
}

#[test]
fn the_published_schema_is_that_of_the_types() {
    expect_test::expect_file!["../../docs/takedown-request-1.schema.json"].assert_eq(&takedown_request::schema());
}

/// The transparency database allows no personal data, and its fields have limits.
#[test]
fn exports_name_nobody() {
    let request = takedown_request::TakedownRequest::of(&report(BatchKind::Request));
    let dsa = exports::dsa_statements(&request);
    let statements = dsa["statements"].as_array().unwrap();
    assert_eq!(statements.len(), request.items.len());
    for statement in statements {
        let text = statement.to_string();
        assert!(!text.contains("toko.contoh") && !text.contains("tiktok.com") && !text.contains("Nama"), "{text}");
        assert!(statement["illegal_content_legal_ground"].as_str().unwrap().len() <= 500);
        assert!(statement["puid"].as_str().unwrap().chars().all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)));
    }
    let lumen = exports::lumen_notice(&request, Millis(1_795_136_644_000));
    assert_eq!(lumen["notice"]["url_count"], 2);
    assert_eq!(lumen["notice"]["works_attributes"][0]["infringing_urls_attributes"].as_array().unwrap().len(), 2);
    assert!(!lumen.to_string().contains(&request.issuer.officer) || request.issuer.officer.is_empty());
}

/// Every row of the answer sheet is named by its case, and its choices are those that are read.
#[test]
fn answer_sheets_have_a_row_for_each_post() {
    let files = render(&report(BatchKind::Request)).unwrap();
    let csv = files.iter().find(|file| file.name.ends_with("-tanggapan.csv")).unwrap();
    let text = String::from_utf8(csv.bytes.clone()).unwrap();
    assert_eq!(text.lines().count(), 3);
    assert!(text.lines().nth(1).unwrap().starts_with("KS-000001,https://www.tiktok.com/"));
    assert_eq!(answer_sheet::words(BatchKind::Withdrawal), ["sudah_tidak_ada", "dipulihkan", "ditolak", "perlu_keterangan"]);
}

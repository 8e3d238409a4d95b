use super::*;
use crate::domain::legal::{Basis, BasisKind};

fn basis(id: &str, kind: BasisKind) -> Basis {
    let (cite, source) = (format!("Peraturan {id}"), "contoh".to_owned());
    Basis { id: id.into(), kind, cite, effective_from: "2020-01-01".into(), effective_to: None, source }
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
        excerpt: redact(text, 200),
        elements: ["buka bal".into(), "korea".into(), "35k".into()],
        rules: vec!["bal-ditawarkan".into()],
        reason: "bale_offer".into(),
        reviewer: "petugas 2".into(),
        decided_at: at,
    };
    BatchReport {
        code: "TR-2026-000001".into(),
        kind,
        platform: Platform::Tiktok,
        dated: at,
        from: Letterhead { name: "Kementerian Contoh".into(), answer_days: 5, ..Letterhead::default() },
        to: Addressee { office: "Tim Hubungan Pemerintah".into(), entity: "Contoh".into(), email: "platform@contoh.id".into() },
        basis: vec![basis("PM47", BasisKind::ImportBan), basis("PP80-22", BasisKind::Content)],
        refers_to: if kind == BatchKind::Withdrawal { vec!["TR-2026-000000".into()] } else { vec![] },
        rows: vec![
            row(1, "=HYPERLINK(\"jahat\") Buka bal 🔥 #eval(1) $x$ \\ *tebal* WA 0800-0000-0105"),
            row(2, "b\u{200b}al segel"),
        ],
        rule_set: "0".repeat(64),
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
    assert_eq!(files.len(), 5);
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
    for text in [include_str!("../../templates/letter/surat.typ")] {
        let lower = text.to_lowercase();
        assert!(lower.contains("diduga"));
        for word in ["terbukti", "pelaku kejahatan", "oknum", "sanksi pidana", "wajib", "st1", "1x24"] {
            assert!(!lower.contains(word), "{word}");
        }
    }
}

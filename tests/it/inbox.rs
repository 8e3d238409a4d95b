//! Mail that comes back: replies find their package, what did not arrive is looked at by a person, the rest is filed by hand.

use std::path::PathBuf;
use std::sync::Arc;

use maildir::Maildir;
use sisir::domain::batch::BatchState;
use sisir::domain::decision::{Judgement, Reason, Verdict};
use sisir::domain::delivery::DeliveryState;
use sisir::domain::job::JobKind;
use sisir::domain::mail::MailKind;
use sisir::domain::user::Role;
use sisir::pipeline::deliver::{Settlement, settle};
use sisir::pipeline::{Pipeline, batch, inbox, review};
use sisir::store::{answers, batches, mails, outbox};

use crate::answers::sent;
use crate::support::Stage;
use crate::two_person::direct;
use crate::web::Desk;

crate::on_both! {
    replies_find_their_package => replies,
    what_did_not_arrive_is_looked_at => bounces,
}

struct Box {
    dir: Maildir,
    pipeline: Pipeline,
}

fn box_of(stage: &Stage) -> Box {
    let path: PathBuf = stage.dir.path().join("Maildir");
    let dir = Maildir::from(path.clone());
    dir.create_dirs().unwrap();
    let mut config = (*stage.pipeline.config).clone();
    config.mail.inbox = Some(path);
    Box { dir, pipeline: Pipeline { config: Arc::new(config), ..stage.pipeline.clone() } }
}

impl Box {
    /// A mail server leaves a mail.
    fn leave(&self, text: &str) {
        self.dir.store_new(text.replace('\n', "\r\n").as_bytes()).unwrap();
    }
}

async fn replies(stage: &Stage) {
    let (id, ratna) = sent(stage).await;
    let post = box_of(stage);
    let batch = batches::require(stage.store(), id).await.unwrap();
    let message_id = batch.message_id.clone().unwrap();
    let case = batch::case_id(batches::rows(stage.store(), id).await.unwrap()[0].flag_id);
    post.leave(&format!(
        "From: Tim <tim@tiktok.contoh.id>\nSubject: Jawaban kami\nIn-Reply-To: {message_id}\nMIME-Version: 1.0\n\
         Content-Type: multipart/mixed; boundary=\"b\"\n\n--b\nContent-Type: text/plain\n\nTerlampir. Telepon 0800-0000-0105\n\
         --b\nContent-Type: text/csv\nContent-Disposition: attachment; filename=\"TR-tanggapan.csv\"\n\n\
         id_perkara;keputusan\n{case};diturunkan\n\n--b--\n"
    ));
    post.leave(&format!("From: tim@tiktok.contoh.id\nSubject: RE: {} mohon waktu\n\nBesok.\n", batch.code));
    post.leave("From: orang@lain.contoh.id\nSubject: undangan\n\nHalo.\n");
    let report = inbox::read(&post.pipeline).await.unwrap();
    assert_eq!((report.replies, report.bounces, report.unfiled), (2, 0, 1), "{report:?}");
    assert_eq!((post.dir.count_new(), post.dir.count_cur()), (0, 3));
    assert_eq!(inbox::read(&post.pipeline).await.unwrap(), inbox::InboxReport::default(), "nothing counts twice");
    let filed = mails::of_batch(stage.store(), id).await.unwrap();
    assert_eq!(filed.len(), 2);
    let with_sheet = filed.iter().find(|mail| !mail.sheet.is_empty()).unwrap();
    assert!(with_sheet.excerpt.contains("[kontak disamarkan]"), "{}", with_sheet.excerpt);
    // A machine proposes; a person takes the sheet.
    assert_eq!(answers::of_batch(stage.store(), id).await.unwrap().len(), 0);
    let (found, taken) = inbox::take_sheet(&post.pipeline, &ratna, with_sheet.id).await.unwrap();
    assert_eq!((found, taken.new), (id, 1), "{taken:?}");
    // What could not be told is filed by hand, once.
    let unfiled = mails::unfiled(stage.store(), 10).await.unwrap();
    assert!(inbox::take_sheet(&post.pipeline, &ratna, unfiled[0].id).await.is_err());
    assert!(inbox::file(&post.pipeline, &ratna, unfiled[0].id, "TR-2026-000099").await.is_err());
    let viewer = stage.person("wati", Role::Viewer).await;
    assert!(inbox::file(&post.pipeline, &viewer, unfiled[0].id, &batch.code).await.is_err());
    assert_eq!(inbox::file(&post.pipeline, &ratna, unfiled[0].id, &batch.code).await.unwrap(), id);
    assert!(inbox::file(&post.pipeline, &ratna, unfiled[0].id, &batch.code).await.is_err(), "twice");
    // What no database takes is left out, and stops nothing.
    post.leave(&format!("From: tim@tiktok.contoh.id\nSubject: =?utf-8?Q?{}=00nol?=\n\nisi\0nya\n", batch.code));
    assert_eq!(inbox::read(&post.pipeline).await.unwrap().problems, Vec::<String>::new());
    // Half a mail, or none at all, stops nothing.
    post.leave("Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-");
    post.leave("");
    assert_eq!(inbox::read(&post.pipeline).await.unwrap().unfiled, 2);
}

fn notice(action: &str, message_id: &str) -> String {
    format!(
        "From: MAILER-DAEMON@mx.contoh.id\nSubject: Undelivered Mail Returned to Sender\nMIME-Version: 1.0\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\n\n--b\nContent-Type: text/plain\n\nSorry.\n\
         --b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.contoh.id\n\nAction: {action}\nStatus: 5.1.1\n\
         Diagnostic-Code: smtp; 550 5.1.1 unknown\n\n--b\nContent-Type: text/rfc822-headers\n\nMessage-ID: {message_id}\n\n--b--\n"
    )
}

async fn bounces(stage: &Stage) {
    let (id, ratna) = sent(stage).await;
    let joko = stage.person("joko", Role::Admin).await;
    let post = box_of(stage);
    let message_id = batches::require(stage.store(), id).await.unwrap().message_id.unwrap();
    let state = async || {
        let delivery = outbox::by_batch(stage.store(), id).await.unwrap().unwrap();
        (delivery.state, batches::require(stage.store(), id).await.unwrap().state, delivery.id)
    };
    // Nobody calls back what was sent, without a notice.
    assert!(direct(stage, "UPDATE deliveries SET state = 'failed', sent_at = NULL").await.is_err());
    // A delay changes nothing; a notice about a message that we never sent is filed by hand.
    stage.later(60);
    post.leave(&notice("delayed", &message_id));
    post.leave(&notice("failed", "<lain@contoh.go.id>"));
    let report = inbox::read(&post.pipeline).await.unwrap();
    assert_eq!((report.replies, report.bounces, report.unfiled), (1, 0, 1));
    assert_eq!(state().await.0, DeliveryState::Sent);
    post.leave(&notice("failed", &message_id));
    assert_eq!(inbox::read(&post.pipeline).await.unwrap().bounces, 1);
    let (delivery, package, delivery_id) = state().await;
    assert_eq!((delivery, package), (DeliveryState::Failed, BatchState::Signed), "a person has to look");
    assert_eq!(stage.mails().len(), 1, "nothing is sent again by itself");
    let kinds: Vec<MailKind> = mails::of_batch(stage.store(), id).await.unwrap().iter().map(|mail| mail.kind).collect();
    assert_eq!(kinds, [MailKind::Delay, MailKind::Bounce]);
    // The mailbox was mended: the same bytes once more.
    settle(&post.pipeline, &joko, delivery_id, Settlement::SendAgain).await.unwrap();
    stage.worker("w").perform(JobKind::Deliver).await.unwrap();
    assert_eq!((state().await.0, state().await.1), (DeliveryState::Sent, BatchState::Sent));
    assert_eq!(stage.mails().len(), 2);
    // It comes back again, and one of its posts was decided anew meanwhile: it does not leave once more.
    let flag = batches::rows(stage.store(), id).await.unwrap()[0].flag_id;
    let mistake = Judgement::new(Verdict::Dismiss, Reason::Mistake, "").unwrap();
    review::decide(&stage.pipeline, &ratna, flag, &stage.seen(flag).await, &mistake).await.unwrap();
    stage.later(60);
    post.leave(&notice("failed", &message_id).replace("Sorry", "Sorry again"));
    inbox::read(&post.pipeline).await.unwrap();
    settle(&post.pipeline, &joko, delivery_id, Settlement::SendAgain).await.unwrap();
    stage.worker("w").perform(JobKind::Deliver).await.unwrap();
    assert_eq!(state().await.0, DeliveryState::Failed, "a post that was dismissed since is asked for");
    assert_eq!(stage.mails().len(), 2);
    // Given up, its posts are free for a package to another address.
    settle(&post.pipeline, &joko, delivery_id, Settlement::GiveUp).await.unwrap();
    assert_eq!(state().await.1, BatchState::Cancelled);
    let anew =
        batch::draft(&stage.pipeline, &ratna, sisir::domain::batch::BatchKind::Request, sisir::domain::Platform::Tiktok).await;
    assert_eq!(batches::rows(stage.store(), anew.unwrap().id).await.unwrap().len(), 5, "without the dismissed one");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_analyst_files_mail_at_the_desk() {
    let desk = Desk::new().await;
    let (id, _) = sent(&desk.stage).await;
    let post = box_of(&desk.stage);
    post.leave("From: tim@tiktok.contoh.id\nSubject: <b>tebal</b>\n\nSudah kami terima.\n");
    inbox::read(&post.pipeline).await.unwrap();
    let dewi = desk.sign_in("dewi", Role::Analyst).await;
    let list = dewi.page("/batches").await;
    assert!(list.contains("Surat masuk yang belum dikenali") && !list.contains("<b>tebal"), "{list}");
    assert!(dewi.page("/mails/1").await.contains("Sudah kami terima."));
    dewi.post("/mails/1/file", &[("code", "TR-2026-000001")]).await;
    let page = dewi.page(&format!("/batches/{id}")).await;
    assert!(page.contains("Surat masuk") && page.contains("Sudah kami terima."), "{page}");
    assert!(!dewi.page("/batches").await.contains("belum dikenali"));
}

//! The folder (maildir) in which a mail server leaves what comes back, and what a mail says: whether it is a reply or a
//! notice of a mail server (RFC 3464), and which of our messages it is about.

use std::path::{Path, PathBuf};

use mail_parser::{HeaderValue, Message, MessageParser, MimeHeaders as _, PartType};

use crate::domain::mail::MailKind;

/// Longest text that is taken out of a mail, characters.
const LONGEST: usize = 2_000;

/// Largest mail that is read, bytes.
const LARGEST: u64 = 30 << 20;

/// The folder.
pub struct Inbox {
    path: PathBuf,
    dir: maildir::Maildir,
}

/// A mail in the folder that was not read yet.
pub struct Waiting {
    id: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl Inbox {
    /// The folder at `path`, which the mail server made.
    pub fn new(path: &Path) -> Self {
        Self { path: path.to_owned(), dir: maildir::Maildir::from(path.to_owned()) }
    }

    /// Says why the folder cannot be read; one that is not there looks empty otherwise.
    pub fn is_readable(&self) -> Result<(), String> {
        let new = self.path.join("new");
        std::fs::read_dir(&new).map(|_| ()).map_err(|error| format!("{}: {error}", new.display()))
    }

    /// Mails that were not read yet. One that cannot be read stays where it is.
    pub fn waiting(&self) -> impl Iterator<Item = Result<Waiting, String>> + '_ {
        self.dir.list_new().map(|entry| {
            let entry = entry.map_err(|error| format!("the inbox cannot be read: {error}"))?;
            let path = entry.path();
            let size = std::fs::metadata(path).map_err(|error| error.to_string())?.len();
            if size > LARGEST {
                return Err(format!("a mail of {size} bytes in the inbox is too large; read it by hand"));
            }
            let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
            Ok(Waiting { id: entry.id().to_owned(), bytes })
        })
    }

    /// Marks a mail as read.
    pub fn done(&self, mail: &Waiting) -> Result<(), String> {
        self.dir.move_new_to_cur_with_flags(&mail.id, "S").map_err(|error| error.to_string())
    }
}

/// What a mail says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incoming {
    /// What it is.
    pub kind: MailKind,
    /// Message-IDs, with angle brackets, of messages that it is about; the nearest first.
    pub about: Vec<String>,
    /// Host of the sender's address.
    pub sender: String,
    /// Subject.
    pub subject: String,
    /// The beginning of its text, or what the mail server said.
    pub text: String,
    /// Name of the attachment that looks like an answer sheet; empty for none.
    pub sheet: String,
}

/// Reads a mail. None for bytes that are no mail.
pub fn read(bytes: &[u8]) -> Option<Incoming> {
    let message = MessageParser::default().parse(bytes)?;
    let sender = message.from().and_then(|from| from.first()).and_then(|one| one.address()).unwrap_or_default();
    let sender = sender.rsplit_once('@').map_or("", |(_, host)| host).to_lowercase();
    let subject = message.subject().unwrap_or_default().chars().take(300).collect();
    let mut about = ids(message.in_reply_to());
    about.extend(ids(message.references()).into_iter().rev());
    let notice = notice(&message);
    let (kind, text) = match &notice {
        Some(notice) => {
            about.splice(0..0, notice.about.clone());
            (notice.kind, notice.said.clone())
        }
        None => (MailKind::Reply, message.body_text(0).unwrap_or_default().into_owned()),
    };
    Some(Incoming { kind, about, sender, subject, text: text.chars().take(LONGEST).collect(), sheet: sheet_name(&message) })
}

/// The bytes of the answer sheet in a mail.
pub fn sheet(bytes: &[u8]) -> Option<Vec<u8>> {
    let message = MessageParser::default().parse(bytes)?;
    let found = message.attachments().find(|part| is_sheet(part.attachment_name().unwrap_or_default()))?;
    Some(found.contents().to_vec())
}

fn sheet_name(message: &Message<'_>) -> String {
    let mut names = message.attachments().filter_map(|part| part.attachment_name());
    names.find(|name| is_sheet(name)).unwrap_or_default().chars().take(200).collect()
}

fn is_sheet(name: &str) -> bool {
    let ending = Path::new(name).extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_lowercase();
    name.to_lowercase().contains("tanggapan") && ["xlsx", "csv"].contains(&ending.as_str())
}

fn ids(value: &HeaderValue<'_>) -> Vec<String> {
    let list = value.as_text_list().unwrap_or_default();
    list.iter().map(|id| format!("<{}>", id.trim_matches(['<', '>']))).collect()
}

/// A notice of a mail server.
struct Notice {
    kind: MailKind,
    said: String,
    about: Vec<String>,
}

fn notice(message: &Message<'_>) -> Option<Notice> {
    let is = |part: &mail_parser::MessagePart<'_>, kind: &str, sub: &str| {
        part.content_type()
            .is_some_and(|found| found.ctype() == kind && found.subtype().is_some_and(|found| found.eq_ignore_ascii_case(sub)))
    };
    let status = message.parts.iter().find(|part| is(part, "message", "delivery-status"))?;
    let fields = String::from_utf8_lossy(status.contents()).into_owned();
    let field = |name: &str| {
        fields.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            key.trim().eq_ignore_ascii_case(name).then(|| value.trim().to_owned())
        })
    };
    let kind = match field("Action").unwrap_or_default().to_lowercase().as_str() {
        "failed" => MailKind::Bounce,
        "delayed" => MailKind::Delay,
        // `delivered`, `relayed`, `expanded`: nothing to do.
        _ => return None,
    };
    let said = [field("Status"), field("Diagnostic-Code")].into_iter().flatten().collect::<Vec<_>>().join(" ");
    // The message that did not arrive, or its headers, is returned with the notice.
    let about = message.parts.iter().filter_map(|part| match &part.body {
        PartType::Message(returned) => returned.message_id().map(|id| format!("<{id}>")),
        _ if is(part, "text", "rfc822-headers") => {
            let headers = MessageParser::default().parse_headers(part.contents())?;
            headers.message_id().map(|id| format!("<{id}>"))
        }
        _ => None,
    });
    Some(Notice { kind, said, about: about.collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dsn(action: &str, returned: &str) -> Vec<u8> {
        format!(
            "From: MAILER-DAEMON@mx.contoh.id (Mail Delivery System)\r\nTo: penurunan@contoh.go.id\r\nSubject: Undelivered Mail\r\n\
             MIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\r\n\r\n\
             --b\r\nContent-Type: text/plain\r\n\r\nI am sorry.\r\n\
             --b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.contoh.id\r\n\r\n\
             Final-Recipient: rfc822; permintaan@tiktok.contoh.id\r\nAction: {action}\r\nStatus: 5.1.1\r\n\
             Diagnostic-Code: smtp; 550 5.1.1 User unknown\r\n\r\n\
             --b\r\nContent-Type: {returned}\r\n\r\nMessage-ID: <TR-2026-000001.r1.tiktok@contoh.go.id>\r\n\
             Subject: Permintaan\r\n\r\n--b--\r\n"
        )
        .into_bytes()
    }

    #[test]
    fn notices_of_mail_servers_name_our_message() {
        for returned in ["text/rfc822-headers", "message/rfc822"] {
            let read = read(&dsn("failed", returned)).unwrap();
            assert_eq!(read.kind, MailKind::Bounce, "{returned}");
            assert_eq!(read.about, ["<TR-2026-000001.r1.tiktok@contoh.go.id>"], "{returned}");
            assert_eq!(read.text, "5.1.1 smtp; 550 5.1.1 User unknown");
            assert_eq!(read.sender, "mx.contoh.id");
        }
        assert_eq!(read(&dsn("delayed", "message/rfc822")).unwrap().kind, MailKind::Delay);
        assert_eq!(read(&dsn("relayed", "message/rfc822")).unwrap().kind, MailKind::Reply, "nothing to do");
    }

    #[test]
    fn replies_name_what_they_answer_and_bring_the_sheet() {
        let mail = "From: Tim <tim@tiktok.contoh.id>\r\nSubject: Re: [KCUM] TR-2026-000001\r\nIn-Reply-To: <a@contoh.go.id>\r\n\
            References: <z@contoh.go.id> <a@contoh.go.id>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"b\"\r\n\r\n\
            --b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nTerlampir.\r\n\
            --b\r\nContent-Type: text/csv; name=\"TR-2026-000001-tanggapan.csv\"\r\nContent-Disposition: attachment; \
            filename=\"TR-2026-000001-tanggapan.csv\"\r\n\r\nid_perkara;keputusan\r\n--b--\r\n";
        let found = read(mail.as_bytes()).unwrap();
        assert_eq!(found.kind, MailKind::Reply);
        assert_eq!(found.about, ["<a@contoh.go.id>", "<a@contoh.go.id>", "<z@contoh.go.id>"]);
        assert_eq!((found.sender.as_str(), found.text.trim()), ("tiktok.contoh.id", "Terlampir."));
        assert_eq!(found.sheet, "TR-2026-000001-tanggapan.csv");
        assert_eq!(sheet(mail.as_bytes()).unwrap().trim_ascii_end(), b"id_perkara;keputusan");
        assert_eq!(sheet(b"Subject: x\r\n\r\nx"), None);
    }
}

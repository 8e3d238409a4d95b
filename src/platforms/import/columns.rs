//! Which column of a table holds what: shapes of known tools, names that people use, and what the user says.

use super::fields::Fields;

/// What a column can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// Address of the post.
    Url,
    /// Caption, description or transcript. Several such columns are joined, one a line.
    Text,
    /// Name of the platform.
    Platform,
    /// Public handle.
    Author,
    /// When it was posted.
    PostedAt,
    /// The platform's own id.
    Id,
    /// How often it was seen.
    Views,
}

impl Holds {
    /// All of them.
    pub const ALL: [Self; 7] = [Self::Url, Self::Text, Self::Platform, Self::Author, Self::PostedAt, Self::Id, Self::Views];

    /// Name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Url => "url",
            Self::Text => "text",
            Self::Platform => "platform",
            Self::Author => "author",
            Self::PostedAt => "posted_at",
            Self::Id => "id",
            Self::Views => "views",
        }
    }

    /// Names that people and programs give such a column, most telling first.
    pub const fn aliases(self) -> &'static [&'static str] {
        match self {
            Self::Url => &["url", "link", "tautan", "alamat", "permalink", "post_url", "video_url", "tiktok_url"],
            Self::Text => &[
                "text",
                "teks",
                "caption",
                "keterangan",
                "kutipan",
                "description",
                "video_description",
                "body",
                "isi",
                "title",
                "judul",
            ],
            Self::Platform => &["platform", "sumber", "source_platform"],
            Self::Author => &["author", "akun", "username", "handle", "account", "pengunggah"],
            Self::PostedAt => &["posted_at", "created_at", "create_time", "timestamp", "tanggal", "waktu", "date"],
            Self::Id => &["id", "native_id", "video_id", "post_id"],
            Self::Views => &["views", "view_count", "tayangan"],
        }
    }
}

/// A table whose columns are known.
struct Table {
    name: &'static str,
    platform: &'static str,
    /// Columns that no other table has together.
    proof: &'static [&'static str],
    columns: &'static [(Holds, &'static [&'static str])],
    /// The tool writes 0 for what it does not know.
    zero_is_unknown: bool,
    /// What else can be done about a row with too few fields.
    torn: Option<&'static str>,
}

/// Names in lower case, as [`Columns::find`] compares them.
const TABLES: &[Table] = &[
    Table {
        name: "Zeeschuimer or 4CAT, TikTok",
        platform: "tiktok",
        proof: &["tiktok_url", "body"],
        columns: &[
            (Holds::Url, &["tiktok_url"]),
            (Holds::Text, &["body", "stickers"]),
            (Holds::Author, &["author"]),
            (Holds::PostedAt, &["unix_timestamp"]),
            (Holds::Id, &["id"]),
            (Holds::Views, &["plays"]),
        ],
        zero_is_unknown: true,
        torn: None,
    },
    Table {
        name: "Zeeschuimer or 4CAT, Instagram",
        platform: "instagram",
        proof: &["collected_from_view", "location_latlong"],
        columns: &[
            (Holds::Url, &["url"]),
            (Holds::Text, &["body"]),
            (Holds::Author, &["author"]),
            (Holds::PostedAt, &["unix_timestamp"]),
            (Holds::Id, &["id"]),
            (Holds::Views, &["play_count"]),
        ],
        zero_is_unknown: true,
        torn: Some("the tool mixes rows of two widths here; export NDJSON from it instead"),
    },
    Table {
        name: "pyktok or traktok",
        platform: "tiktok",
        proof: &["video_diggcount", "author_username"],
        columns: &[
            (Holds::Url, &["video_url"]),
            (Holds::Text, &["video_description", "video_title", "video_stickers"]),
            (Holds::Author, &["author_username"]),
            (Holds::PostedAt, &["video_timestamp"]),
            (Holds::Id, &["video_id"]),
            (Holds::Views, &["video_playcount"]),
        ],
        zero_is_unknown: false,
        torn: None,
    },
    Table {
        name: "CrowdTangle, Facebook",
        platform: "facebook",
        proof: &["total interactions", "post created", "message"],
        columns: &[
            (Holds::Url, &["url"]),
            (Holds::Text, &["message", "image text"]),
            (Holds::Author, &["user name"]),
            (Holds::PostedAt, &["post created"]),
            (Holds::Views, &["total views"]),
        ],
        zero_is_unknown: true,
        torn: None,
    },
    Table {
        name: "CrowdTangle, Instagram",
        platform: "instagram",
        proof: &["account", "followers at posting", "photo"],
        columns: &[
            (Holds::Url, &["url"]),
            (Holds::Text, &["description", "image text"]),
            (Holds::Author, &["user name"]),
            (Holds::PostedAt, &["post created"]),
            (Holds::Views, &["views"]),
        ],
        zero_is_unknown: true,
        torn: None,
    },
    Table {
        // Its ids are its own and it has no addresses: such rows are leads, somebody has to find the post.
        name: "Meta Content Library",
        platform: "",
        proof: &["creation_time", "post_owner.id"],
        columns: &[
            (Holds::Text, &["text"]),
            (Holds::Author, &["post_owner.username", "post_owner.name"]),
            (Holds::PostedAt, &["creation_time"]),
            (Holds::Views, &["statistics.views"]),
        ],
        zero_is_unknown: false,
        torn: None,
    },
    Table {
        name: "YouTube Data Tools",
        platform: "youtube",
        proof: &["videoid", "channelid"],
        columns: &[
            (Holds::Text, &["videotitle", "videodescription"]),
            (Holds::Author, &["channeltitle"]),
            (Holds::PostedAt, &["publishedat"]),
            (Holds::Id, &["videoid"]),
            (Holds::Views, &["viewcount"]),
        ],
        zero_is_unknown: false,
        torn: None,
    },
];

/// The columns of one table.
#[derive(Debug, Clone, Default)]
pub struct Columns {
    /// The tool that wrote it, where that is known.
    pub tool: Option<&'static str>,
    /// Header, as it stands in the file.
    pub names: Vec<String>,
    at: Vec<(Holds, usize)>,
    platform: &'static str,
    zero_is_unknown: bool,
    torn: Option<&'static str>,
}

impl Columns {
    /// Finds the columns by their names. What the user `told` counts before what the names say.
    /// Err: a column that the user named and that is not there.
    pub fn find(names: &[String], told: &[(Holds, String)]) -> Result<Self, String> {
        let lower: Vec<String> = names.iter().map(|name| name.trim().to_lowercase()).collect();
        let at = |wanted: &str| lower.iter().position(|name| *name == wanted);
        let mut found = Self { names: names.to_vec(), ..Self::default() };
        if let Some(table) = TABLES.iter().find(|table| table.proof.iter().all(|name| at(name).is_some())) {
            found.tool = Some(table.name);
            found.platform = table.platform;
            found.zero_is_unknown = table.zero_is_unknown;
            found.torn = table.torn;
            for (holds, names) in table.columns {
                let columns = names.iter().filter_map(|name| at(name));
                // Texts are joined; of everything else the first is enough.
                let enough = if *holds == Holds::Text { names.len() } else { 1 };
                found.at.extend(columns.take(enough).map(|column| (*holds, column)));
            }
        } else {
            for holds in Holds::ALL {
                found.at.extend(holds.aliases().iter().find_map(|name| at(name)).map(|column| (holds, column)));
            }
            if found.of(Holds::Url).next().is_none() {
                let like = |name: &&String| ["url", "link", "tautan", "alamat"].iter().any(|part| name.contains(part));
                found.at.extend(lower.iter().position(|name| like(&name)).map(|column| (Holds::Url, column)));
            }
        }
        for holds in Holds::ALL {
            let named: Vec<&String> = told.iter().filter(|(h, _)| *h == holds).map(|(_, name)| name).collect();
            if named.is_empty() {
                continue;
            }
            found.at.retain(|(known, _)| *known != holds);
            for name in named {
                found.at.push((holds, at(&name.trim().to_lowercase()).ok_or_else(|| name.clone())?));
            }
        }
        Ok(found)
    }

    /// Columns that hold `what`.
    fn of(&self, what: Holds) -> impl Iterator<Item = usize> {
        self.at.iter().filter(move |(holds, _)| *holds == what).map(|(_, column)| *column)
    }

    /// Whether rows can be posts at all.
    pub fn usable(&self) -> bool {
        self.of(Holds::Text).chain(self.of(Holds::Url)).next().is_some()
    }

    /// Every known column: what it holds, and its name.
    pub fn known(&self) -> impl Iterator<Item = (Holds, &str)> {
        self.at.iter().map(|(holds, column)| (*holds, self.names.get(*column).map_or("", String::as_str)))
    }

    /// How to mend a row with too few or too many fields.
    pub fn mend_torn(&self) -> &'static str {
        self.torn.unwrap_or("put quotes around texts that hold the separator or a line break")
    }

    /// The values of a row; `value` reads a column.
    pub fn fields(&self, value: impl Fn(usize) -> String) -> Fields {
        let first = |what| self.of(what).map(&value).find(|text| !text.trim().is_empty()).unwrap_or_default();
        let mut texts: Vec<String> = Vec::new();
        for text in self.of(Holds::Text).map(&value) {
            if !text.trim().is_empty() && !texts.contains(&text) {
                texts.push(text);
            }
        }
        let mut fields = Fields {
            url: first(Holds::Url),
            text: texts.join("\n"),
            platform: first(Holds::Platform),
            author: first(Holds::Author),
            posted_at: first(Holds::PostedAt),
            id: first(Holds::Id),
            views: first(Holds::Views),
        };
        if fields.platform.is_empty() {
            self.platform.clone_into(&mut fields.platform);
        }
        if self.zero_is_unknown && fields.views == "0" {
            fields.views.clear();
        }
        fields
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(header: &str, told: &[(Holds, &str)]) -> Result<Columns, String> {
        let names: Vec<String> = header.split(',').map(str::to_owned).collect();
        let told: Vec<(Holds, String)> = told.iter().map(|(holds, name)| (*holds, (*name).to_owned())).collect();
        Columns::find(&names, &told)
    }

    #[test]
    fn columns_are_guessed_and_the_user_knows_better() {
        let guessed = find("No,Tautan Postingan,Keterangan,Tanggal", &[]).unwrap();
        let known: Vec<_> = guessed.known().collect();
        assert_eq!(known, [(Holds::Text, "Keterangan"), (Holds::PostedAt, "Tanggal"), (Holds::Url, "Tautan Postingan")]);
        let told = find("No,Catatan,Keterangan", &[(Holds::Text, "catatan"), (Holds::Id, "No")]).unwrap();
        assert_eq!(told.known().collect::<Vec<_>>(), [(Holds::Text, "Catatan"), (Holds::Id, "No")]);
        assert_eq!(find("No,Catatan", &[(Holds::Text, "isi")]).unwrap_err(), "isi");
        assert!(!find("No,Nama", &[]).unwrap().usable());
    }

    #[test]
    fn texts_are_joined_and_said_once() {
        let columns = find("videoId,channelId,videoTitle,videoDescription", &[]).unwrap();
        let row = |texts: [&'static str; 4]| columns.fields(|column| texts[column].to_owned());
        assert_eq!(row(["a", "b", "Buka bal", "ready 1 bal"]).text, "Buka bal\nready 1 bal");
        assert_eq!(row(["a", "b", "Buka bal", "Buka bal"]).text, "Buka bal");
        assert_eq!(row(["a", "b", "", "ready"]).text, "ready");
    }
}

//! JSON items: what Zeeschuimer and 4CAT capture, raw items of platforms, and flat objects of one's own.
//! <https://github.com/digitalmethodsinitiative/zeeschuimer>

use serde_json::Value;

use super::columns::Holds;
use super::fields::{Fields, Problem};

/// Reads one object.
pub fn fields(item: &Value) -> Result<Fields, Problem> {
    if !item.is_object() {
        return Err(("not a JSON object".into(), "one complete object a line"));
    }
    // 4CAT lifts the item to the top and puts the envelope below.
    let (platform, data) = match (item.get("__import_meta"), item.get("data")) {
        (Some(meta), _) => (meta.get("source_platform"), item),
        (None, Some(data)) if data.is_object() => (item.get("source_platform"), data),
        _ => (None, item),
    };
    match platform.and_then(Value::as_str) {
        Some("tiktok.com") => tiktok(data),
        Some("instagram.com") => instagram(data),
        Some("threads.net" | "threads.com") => Ok(threads(data)),
        Some("twitter.com" | "x.com") => x(data),
        Some("tiktok-comments") => Err(("a comment: comments are not read, they are other people's".into(), "import the posts")),
        Some(other) if !std::ptr::eq(data, item) => {
            Err((format!("captured from {other}, which is not known here"), "import it as CSV, with a column `text` or `url`"))
        }
        _ if ["id", "desc", "createTime"].iter().all(|key| data.get(key).is_some()) => tiktok(data),
        _ if data.get("code").is_some()
            && (data.get("taken_at").is_some() || data.get("caption").is_some_and(Value::is_object)) =>
        {
            instagram(data)
        }
        _ if data.get("kind").and_then(Value::as_str) == Some("youtube#video") => Ok(youtube(data)),
        _ if data.get("did").is_some() && data.get("commit").is_some() => jetstream(data),
        _ => flat(data),
    }
}

/// The text or number behind a JSON pointer; empty if there is none.
fn text(item: &Value, pointer: &str) -> String {
    match item.pointer(pointer) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

/// The first of several places that is not empty.
fn first(item: &Value, pointers: &[&str]) -> String {
    pointers.iter().map(|pointer| text(item, pointer)).find(|found| !found.is_empty()).unwrap_or_default()
}

fn list<'a>(item: &'a Value, pointer: &str) -> &'a [Value] {
    item.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn tiktok(item: &Value) -> Result<Fields, Problem> {
    let has = |key: &str| item.get(key).is_some_and(|value| !value.is_null());
    if has("liveRoomInfo") {
        return Err(("a live room, not a video".into(), "import videos; a live room has no lasting address"));
    }
    let author = first(item, &["/author/uniqueId", "/author"]);
    let id = text(item, "/id");
    let kind = if has("imagePost") { "photo" } else { "video" };
    let stickers = list(item, "/stickersOnItem").iter().flat_map(|sticker| list(sticker, "/stickerText"));
    let mut texts = vec![text(item, "/desc")];
    texts.extend(stickers.filter_map(Value::as_str).map(str::to_owned));
    texts.retain(|text| !text.trim().is_empty());
    Ok(Fields {
        url: format!("https://www.tiktok.com/@{author}/{kind}/{id}"),
        text: texts.join("\n"),
        platform: "tiktok".into(),
        author,
        posted_at: text(item, "/createTime"),
        id,
        views: first(item, &["/stats/playCount", "/statsV2/playCount"]),
    })
}

/// Three shapes: the usual list item, the older graph node, and the partial item of a grid.
fn instagram(item: &Value) -> Result<Fields, Problem> {
    let is_ad =
        text(item, "/product_type") == "ad" || text(item, "/link").starts_with("https://www.facebook.com/ads/ig_redirect");
    if is_ad {
        return Err((
            "an advertisement that the platform put in".into(),
            "nothing: report advertisements in the platform's ad library",
        ));
    }
    let differ = |key: &str| {
        let (user, owner) = (text(item, &format!("/user/{key}")), text(item, &format!("/owner/{key}")));
        !user.is_empty() && !owner.is_empty() && user != owner
    };
    if differ("id") && differ("username") {
        return Err(("it names two different authors: the platform changed its format".into(), "import the address of the post"));
    }
    let code = first(item, &["/code", "/shortcode"]);
    Ok(Fields {
        url: format!("https://www.instagram.com/p/{code}/"),
        text: first(item, &["/caption/text", "/edge_media_to_caption/edges/0/node/text"]),
        platform: "instagram".into(),
        author: first(item, &["/user/username", "/owner/username"]),
        posted_at: first(item, &["/taken_at", "/taken_at_timestamp"]),
        id: code,
        views: first(item, &["/view_count", "/play_count"]),
    })
}

fn threads(item: &Value) -> Fields {
    let (author, code) = (text(item, "/user/username"), text(item, "/code"));
    Fields {
        url: format!("https://www.threads.com/@{author}/post/{code}"),
        text: text(item, "/caption/text"),
        platform: "threads".into(),
        author,
        posted_at: text(item, "/taken_at"),
        id: code,
        views: String::new(),
    }
}

fn x(item: &Value) -> Result<Fields, Problem> {
    // A repost is somebody else's post: that one counts.
    let item = item.pointer("/legacy/retweeted_status_result/result").unwrap_or(item);
    let id = text(item, "/rest_id");
    if id.is_empty() {
        return Err((
            "an item of an old or unknown shape".into(),
            "capture it again with a newer version, or import its address",
        ));
    }
    let author = first(item, &["/core/user_results/result/core/screen_name", "/core/user_results/result/legacy/screen_name"]);
    Ok(Fields {
        url: format!("https://x.com/i/web/status/{id}"),
        // Long posts stand in a place of their own.
        text: first(item, &["/note_tweet/note_tweet_results/result/text", "/legacy/full_text"]),
        platform: "x".into(),
        author,
        posted_at: text(item, "/legacy/created_at"),
        id,
        views: text(item, "/views/count"),
    })
}

fn youtube(item: &Value) -> Fields {
    let id = text(item, "/id");
    Fields {
        url: format!("https://www.youtube.com/watch?v={id}"),
        text: [text(item, "/snippet/title"), text(item, "/snippet/description")].join("\n"),
        platform: "youtube".into(),
        author: text(item, "/snippet/channelTitle"),
        posted_at: text(item, "/snippet/publishedAt"),
        id,
        views: text(item, "/statistics/viewCount"),
    }
}

fn jetstream(item: &Value) -> Result<Fields, Problem> {
    let created = text(item, "/commit/collection") == "app.bsky.feed.post" && text(item, "/commit/operation") != "delete";
    if !created {
        return Err(("an event that is no post".into(), "nothing: only new posts are read"));
    }
    let (did, key) = (text(item, "/did"), text(item, "/commit/rkey"));
    Ok(Fields {
        url: format!("https://bsky.app/profile/{did}/post/{key}"),
        text: text(item, "/commit/record/text"),
        platform: "bluesky".into(),
        author: did,
        posted_at: text(item, "/commit/record/createdAt"),
        id: String::new(),
        views: String::new(),
    })
}

/// An object whose keys are named like columns.
fn flat(item: &Value) -> Result<Fields, Problem> {
    // An empty field says nothing; the next name may.
    let of = |holds: Holds| {
        let values = holds.aliases().iter().filter_map(|name| item.get(*name));
        let texts = values.filter_map(|value| match value {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        });
        texts.into_iter().find(|text| !text.trim().is_empty()).unwrap_or_default()
    };
    let fields = Fields {
        url: of(Holds::Url),
        text: of(Holds::Text),
        platform: of(Holds::Platform),
        author: of(Holds::Author),
        posted_at: of(Holds::PostedAt),
        id: of(Holds::Id),
        views: of(Holds::Views),
    };
    if fields.url.is_empty() && fields.text.is_empty() {
        let keys: Vec<&str> = item.as_object().into_iter().flatten().map(|(key, _)| key.as_str()).take(12).collect();
        return Err((format!("neither a text nor an address (found: {})", keys.join(", ")), "name one key `text` or `url`"));
    }
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn text_of(item: &Value) -> (String, String) {
        let fields = fields(item).unwrap();
        (fields.url, fields.text)
    }

    #[test]
    fn tiktok_items_come_in_three_wrappings() {
        let item = json!({
            "id": "7412345678901234567", "desc": "unboxing bal", "createTime": 1_725_821_215,
            "author": {"uniqueId": "toko.contoh"}, "stats": {"playCount": 56_000},
            "stickersOnItem": [{"stickerText": ["HARGA 1 BAL 2JT"]}, {"stickerText": []}],
        });
        let captured = json!({"source_platform": "tiktok.com", "item_id": "7412345678901234567", "data": item});
        let mut lifted = item.clone();
        lifted["__import_meta"] = json!({"source_platform": "tiktok.com"});
        for wrapped in [&item, &captured, &lifted] {
            let fields = fields(wrapped).unwrap();
            assert_eq!(fields.url, "https://www.tiktok.com/@toko.contoh/video/7412345678901234567");
            assert_eq!(fields.text, "unboxing bal\nHARGA 1 BAL 2JT");
            assert_eq!((fields.posted_at.as_str(), fields.views.as_str()), ("1725821215", "56000"));
        }
        let photo = json!({"id": "7412345678901234567", "desc": "", "createTime": "1", "author": "a", "imagePost": {}});
        assert_eq!(text_of(&photo), ("https://www.tiktok.com/@a/photo/7412345678901234567".into(), String::new()));
    }

    #[test]
    fn instagram_items_come_in_three_shapes() {
        let usual = json!({"code": "C9aBcDeFgHi", "taken_at": 1, "caption": {"text": "bal"}, "user": {"username": "a"}});
        let graph = json!({"__typename": "GraphImage", "shortcode": "C9aBcDeFgHi", "taken_at_timestamp": 1,
            "edge_media_to_caption": {"edges": [{"node": {"text": "bal"}}]}, "owner": {"username": "a"}});
        let grid =
            json!({"__typename": "XIGPolarisPhotoMedia", "code": "C9aBcDeFgHi", "caption": {"text": "bal"}, "_zs_partial": true});
        for data in [usual, graph, grid] {
            let captured = json!({"source_platform": "instagram.com", "data": data});
            assert_eq!(text_of(&captured), ("https://www.instagram.com/p/C9aBcDeFgHi/".into(), "bal".into()));
        }
        let nothing_said = json!({"source_platform": "instagram.com", "data": {"code": "C9aBcDeFgHi", "caption": null}});
        assert_eq!(text_of(&nothing_said).1, "");
    }

    #[test]
    fn threads_x_youtube_and_bluesky_are_read() {
        let cases = [
            (
                json!({"source_platform": "threads.net", "data": {"code": "C9aBcDeFgHi", "user": {"username": "a"}, "caption": {"text": "bal"}}}),
                "https://www.threads.com/@a/post/C9aBcDeFgHi",
            ),
            (
                json!({"source_platform": "twitter.com", "data": {"rest_id": "1", "legacy": {"full_text": "RT @b: b…",
                    "retweeted_status_result": {"result": {"rest_id": "1860000000000000000", "legacy": {"full_text": "bal"}}}}}}),
                "https://x.com/i/web/status/1860000000000000000",
            ),
            (
                json!({"kind": "youtube#video", "id": "AbCdEfGhI_1", "snippet": {"title": "bal"}}),
                "https://www.youtube.com/watch?v=AbCdEfGhI_1",
            ),
            (
                json!({"did": "did:plc:abc", "time_us": 1, "commit": {"operation": "create", "collection": "app.bsky.feed.post",
                    "rkey": "3mptbyoeyc22k", "record": {"text": "bal"}}}),
                "https://bsky.app/profile/did:plc:abc/post/3mptbyoeyc22k",
            ),
        ];
        for (item, url) in cases {
            let (found, text) = text_of(&item);
            assert_eq!((found.as_str(), text.trim()), (url, "bal"));
        }
    }

    #[test]
    fn what_is_no_post_says_why() {
        let cases = [
            (json!({"source_platform": "tiktok-comments", "data": {"cid": "1"}}), "a comment"),
            (json!({"source_platform": "imgur.com", "data": {"id": "1"}}), "captured from imgur.com"),
            (json!({"source_platform": "tiktok.com", "data": {"id": "1", "liveRoomInfo": {}}}), "a live room"),
            (
                json!({"source_platform": "instagram.com", "data": {"code": "C9aBcDeFgHi", "product_type": "ad"}}),
                "an advertisement",
            ),
            (
                json!({"code": "C9aBcDeFgHi", "taken_at": 1, "user": {"id": "1", "username": "a"}, "owner": {"id": "2", "username": "b"}}),
                "two different authors",
            ),
            (json!({"did": "did:plc:abc", "commit": {"operation": "delete", "collection": "app.bsky.feed.post"}}), "no post"),
            (json!({"nama": "toko"}), "found: nama"),
            (json!(["teks"]), "not a JSON object"),
        ];
        for (item, why) in cases {
            let (found, _) = fields(&item).unwrap_err();
            assert!(found.contains(why), "{found}");
        }
    }
}

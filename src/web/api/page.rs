//! The description of the API as a page of the desk.

use askama::Template;
use serde_json::Value;

use super::super::error::Page;
use super::super::session::SignedIn;
use super::super::view::{Frame, html};
use super::document;

/// A call as the page shows it.
struct Call {
    method: String,
    path: String,
    text: String,
    /// Name, whether it is needed, what it is.
    parameters: Vec<(String, bool, String)>,
    /// Name of the schema of the body; empty for none.
    body: String,
    answers: String,
}

#[derive(Template)]
#[template(path = "web/api.html")]
struct ApiPage {
    f: Frame,
    calls: Vec<Call>,
    /// Name and JSON Schema of what is sent and answered.
    schemas: Vec<(String, String)>,
}

fn text(value: &Value, key: &str) -> String {
    value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn calls(document: &Value) -> Vec<Call> {
    let mut out = Vec::new();
    for (path, methods) in document.get("paths").and_then(Value::as_object).into_iter().flatten() {
        for (method, call) in methods.as_object().into_iter().flatten() {
            let list = |key: &str| call.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
            let parameter = |value: &Value| {
                let needed = value.get("required").and_then(Value::as_bool).unwrap_or(false);
                (text(value, "name"), needed, text(value, "description"))
            };
            let body = call.pointer("/requestBody/content/application~1json/schema/$ref").and_then(Value::as_str);
            let answers =
                call.get("responses").and_then(Value::as_object).into_iter().flat_map(|answers| answers.keys().cloned());
            out.push(Call {
                method: method.to_uppercase(),
                path: path.clone(),
                text: format!("{} {}", text(call, "summary"), text(call, "description")),
                parameters: list("parameters").iter().map(parameter).collect(),
                body: body.and_then(|name| name.rsplit('/').next()).unwrap_or_default().to_owned(),
                answers: answers.collect::<Vec<_>>().join(", "),
            });
        }
    }
    out
}

pub(in super::super) async fn page(SignedIn(user): SignedIn) -> Page {
    let document = serde_json::to_value(document()).unwrap_or_default();
    let schemas = document.pointer("/components/schemas").and_then(Value::as_object).into_iter().flatten();
    let schemas = schemas.map(|(name, schema)| (name.clone(), serde_json::to_string_pretty(schema).unwrap_or_default()));
    html(&ApiPage { calls: calls(&document), schemas: schemas.collect(), f: Frame::new(user, "api", None) })
}

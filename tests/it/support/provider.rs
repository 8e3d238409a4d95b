//! A provider of accounts (OpenID Connect) on this machine, written from the specification and not with the library that
//! the program reads it with. It can misbehave.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

use axum::extract::{Form, Query, State};
use axum::http::StatusCode;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use rsa::pkcs1v15::SigningKey;
use rsa::rand_core::OsRng;
use rsa::signature::{SignatureEncoding as _, Signer as _};
use rsa::traits::PublicKeyParts as _;
use rsa::{RsaPrivateKey, sha2};
use serde_json::{Value, json};
use sha2::Digest as _;
use sisir::domain::Clock;

pub const CLIENT: &str = "sisir-uji";
pub const SECRET: &str = "rahasia-klien-uji-yang-cukup-panjang";

/// Keys take a moment to make: one pair for all tests.
static KEYS: LazyLock<[RsaPrivateKey; 2]> = LazyLock::new(|| [(); 2].map(|()| RsaPrivateKey::new(&mut OsRng, 2048).unwrap()));

/// What the provider does wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    None,
    /// Does not answer with what it should at its first address.
    NoDiscovery,
    /// Changes no code for a token.
    NoToken,
    /// Answers without an ID token.
    NoIdToken,
    /// Signs with a key that it does not publish.
    StrangeKey,
    /// Does not sign at all.
    NotSigned,
    /// Signs with the secret of the client, which others may know too.
    SignedWithSecret,
    OtherIssuer,
    OtherAudience,
    OtherNonce,
    Ended,
}

impl Fault {
    pub const TOKEN: [Self; 9] = [
        Self::NoToken,
        Self::NoIdToken,
        Self::StrangeKey,
        Self::NotSigned,
        Self::SignedWithSecret,
        Self::OtherIssuer,
        Self::OtherAudience,
        Self::OtherNonce,
        Self::Ended,
    ];
}

struct Shared {
    base: String,
    clock: Arc<dyn Clock>,
    fault: Mutex<Fault>,
    /// Who is signed in at the provider.
    subject: Mutex<String>,
    /// Code: nonce, challenge, address to go back to.
    codes: Mutex<HashMap<String, (String, String, String)>>,
}

#[derive(Clone)]
pub struct Provider(Arc<Shared>);

impl Provider {
    pub async fn start(clock: Arc<dyn Clock>) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        // Another site than the desk, which stands at 127.0.0.1.
        let base = format!("http://localhost:{}", listener.local_addr().unwrap().port());
        let subject = Mutex::new("s-0001".to_owned());
        let (fault, codes) = (Mutex::new(Fault::None), Mutex::default());
        let provider = Self(Arc::new(Shared { base, clock, fault, subject, codes }));
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/keys", get(keys))
            .route("/authorize", get(authorize))
            .route("/token", post(token))
            .with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        provider
    }

    /// The settings of a desk at `desk_url`.
    pub fn configure(&self, config: &mut sisir::config::Oidc, desk_url: &str) {
        config.issuer.clone_from(&self.0.base);
        config.client_id = CLIENT.into();
        config.client_secret = Some(SECRET.into());
        config.desk_url = desk_url.into();
        config.name = "SSO Uji".into();
    }

    pub fn misbehave(&self, fault: Fault) {
        *self.0.fault.lock().unwrap() = fault;
    }

    /// Another person sits at the provider's page.
    pub fn is_now(&self, subject: &str) {
        *self.0.subject.lock().unwrap() = subject.into();
    }

    fn fault(&self) -> Fault {
        *self.0.fault.lock().unwrap()
    }

    /// The person agrees on the provider's page `to`. Returns state and code.
    pub async fn agree(&self, to: &str) -> (String, String) {
        let page = crate::web::client().get(to).send().await.unwrap().text().await.unwrap();
        let link = page.split("href=\"").nth(1).unwrap_or_else(|| panic!("{page}")).split('"').next().unwrap();
        let link = url::Url::parse(&link.replace("&amp;", "&")).unwrap();
        let of = |name: &str| link.query_pairs().find(|(key, _)| key == name).unwrap().1.into_owned();
        (of("state"), of("code"))
    }
}

async fn discovery(State(provider): State<Provider>) -> Response {
    if provider.fault() == Fault::NoDiscovery {
        return StatusCode::BAD_GATEWAY.into_response();
    }
    let base = &provider.0.base;
    Json(json!({
        "issuer": base, "authorization_endpoint": format!("{base}/authorize"), "token_endpoint": format!("{base}/token"),
        "jwks_uri": format!("{base}/keys"), "response_types_supported": ["code"], "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256", "HS256", "none"],
    }))
    .into_response()
}

async fn keys() -> Json<Value> {
    let (n, e) = (KEYS[0].n().to_bytes_be(), KEYS[0].e().to_bytes_be());
    Json(
        json!({"keys": [{"kty": "RSA", "use": "sig", "alg": "RS256", "kid": "k1", "n": BASE64.encode(n), "e": BASE64.encode(e)}]}),
    )
}

/// The page on which a person signs in and agrees.
async fn authorize(State(provider): State<Provider>, Query(query): Query<HashMap<String, String>>) -> Response {
    let asked = |name: &str| query.get(name).cloned().unwrap_or_default();
    let fine = asked("client_id") == CLIENT
        && asked("response_type") == "code"
        && asked("scope") == "openid"
        && asked("code_challenge_method") == "S256"
        && [&asked("state"), &asked("nonce"), &asked("code_challenge")].iter().all(|value| value.len() > 40);
    if !fine {
        return (StatusCode::BAD_REQUEST, format!("{query:?}")).into_response();
    }
    let mut codes = provider.0.codes.lock().unwrap();
    let code = format!("kode-{}", codes.len());
    codes.insert(code.clone(), (asked("nonce"), asked("code_challenge"), asked("redirect_uri")));
    let mut back = url::Url::parse(&asked("redirect_uri")).unwrap();
    back.query_pairs_mut().append_pair("state", &asked("state")).append_pair("code", &code);
    let back = back.as_str().replace('&', "&amp;");
    Html(format!("<!doctype html><title>Penyedia uji</title><a id=agree href=\"{back}\">Setuju</a>")).into_response()
}

async fn token(
    State(provider): State<Provider>,
    headers: axum::http::HeaderMap,
    Form(form): Form<HashMap<String, String>>,
) -> Response {
    let asked = |name: &str| form.get(name).cloned().unwrap_or_default();
    let known = base64::engine::general_purpose::STANDARD.encode(format!("{CLIENT}:{SECRET}"));
    let authorised = headers.get("authorization").is_some_and(|value| value == &format!("Basic {known}"));
    let code = provider.0.codes.lock().unwrap().remove(&asked("code"));
    let challenge = BASE64.encode(sha2::Sha256::digest(asked("code_verifier")));
    let Some((nonce, ..)) =
        code.filter(|(_, of_code, back)| authorised && *of_code == challenge && *back == asked("redirect_uri"))
    else {
        return (StatusCode::BAD_REQUEST, Json(json!({"error": "invalid_grant"}))).into_response();
    };
    let mut tokens = json!({"access_token": "tidak-dipakai", "token_type": "Bearer", "expires_in": 60});
    match provider.fault() {
        Fault::NoToken => return (StatusCode::BAD_REQUEST, Json(json!({"error": "invalid_client"}))).into_response(),
        Fault::NoIdToken => {}
        fault => tokens["id_token"] = id_token(&provider, &nonce, fault).into(),
    }
    Json(tokens).into_response()
}

fn id_token(provider: &Provider, nonce: &str, fault: Fault) -> String {
    let now = provider.0.clock.now().secs();
    let claims = json!({
        "iss": if fault == Fault::OtherIssuer { "http://localhost:1" } else { &provider.0.base },
        "aud": if fault == Fault::OtherAudience { "klien-lain" } else { CLIENT },
        "nonce": if fault == Fault::OtherNonce { "lain" } else { nonce },
        "sub": *provider.0.subject.lock().unwrap(),
        "iat": now - 5,
        "exp": if fault == Fault::Ended { now - 1 } else { now + 60 },
    });
    let algorithm = match fault {
        Fault::NotSigned => "none",
        Fault::SignedWithSecret => "HS256",
        _ => "RS256",
    };
    let head = json!({"alg": algorithm, "typ": "JWT", "kid": "k1"});
    let signed = format!("{}.{}", BASE64.encode(head.to_string()), BASE64.encode(claims.to_string()));
    let signature = match fault {
        Fault::NotSigned => Vec::new(),
        Fault::SignedWithSecret => {
            let mut mac = Hmac::<::sha2::Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
            mac.update(signed.as_bytes());
            mac.finalize().into_bytes().to_vec()
        }
        _ => {
            let key = KEYS[usize::from(fault == Fault::StrangeKey)].clone();
            SigningKey::<sha2::Sha256>::new(key).sign(signed.as_bytes()).to_vec()
        }
    };
    format!("{signed}.{}", BASE64.encode(signature))
}

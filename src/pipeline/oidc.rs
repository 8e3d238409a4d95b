//! Signing in with the account of an organisation: OpenID Connect, authorization code flow with PKCE
//! (<https://openid.net/specs/openid-connect-core-1_0.html>, RFC 7636).
//!
//! The provider only says who somebody is. What they may do is the role that an administrator gave here; nobody gets in
//! who is not among the people of the desk and has not connected their account once, with their password. Only the
//! scope `openid` is asked for: of the account nothing but its subject identifier is ever received or kept.

use std::time::Duration;

use chrono::DateTime;
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreIdTokenVerifier, CoreJwsSigningAlgorithm as Alg, CoreProviderMetadata,
};
use openidconnect::{
    AuthorizationCode, ClientId, ClientSecret, CsrfToken, EndpointMaybeSet, EndpointNotSet, EndpointSet, HttpRequest,
    HttpResponse, IssuerUrl, Nonce, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, TokenResponse,
};
use secrecy::ExposeSecret;

use super::{Pipeline, PipelineError, Result, users};
use crate::config::Oidc;
use crate::domain::audit::{Action, Actor, AuditEvent};
use crate::domain::sha256_hex;
use crate::domain::user::{Language, User};
use crate::store::oidc::{self as rows, Attempt};

/// Path to which the provider sends people back; it is registered there with the address of the desk before it.
pub const BACK: &str = "/sign-in/oidc/back";
/// How long a person may take at the provider.
pub const MINUTES: u64 = 10;
/// Longest the provider may take to answer.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Signatures of ID tokens that we take: those made with a key that only the provider has.
const SIGNATURES: [Alg; 7] = [
    Alg::RsaSsaPkcs1V15Sha256,
    Alg::RsaSsaPkcs1V15Sha384,
    Alg::RsaSsaPkcs1V15Sha512,
    Alg::RsaSsaPssSha256,
    Alg::EcdsaP256Sha256,
    Alg::EcdsaP384Sha384,
    Alg::EdDsa,
];

type Client = CoreClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointMaybeSet, EndpointMaybeSet>;

/// The address that is registered at the provider.
pub fn redirect_address(config: &Oidc) -> String {
    format!("{}{BACK}", config.desk_url.trim_end_matches('/'))
}

/// A sign-in that begins.
#[derive(Debug)]
pub struct Begun {
    /// The provider's page, to which the browser goes.
    pub to: String,
    /// For a cookie of this browser: it comes back with it.
    pub browser: String,
}

/// Begins a sign-in.
///
/// # Errors
/// The provider does not answer, or nothing is configured.
pub async fn begin(pipeline: &Pipeline, language: Language) -> Result<Begun> {
    start(pipeline, None, language).await
}

/// Begins to connect an account with a person, who proves with the password to be that person.
pub async fn begin_to_connect(pipeline: &Pipeline, user: &User, password: &str) -> Result<Begun> {
    if !users::is_password_of(pipeline, user, password).await? {
        return Err(PipelineError::Refused("the present password is another one".into()));
    }
    start(pipeline, Some(user), user.language).await
}

async fn start(pipeline: &Pipeline, user: Option<&User>, language: Language) -> Result<Begun> {
    let (client, _) = client(pipeline).await?;
    let (browser, state, nonce) = (pipeline.entropy.token(), pipeline.entropy.token(), pipeline.entropy.token());
    let verifier = PkceCodeVerifier::new(pipeline.entropy.token());
    let (to, state, nonce) = client
        .authorize_url(CoreAuthenticationFlow::AuthorizationCode, || CsrfToken::new(state), || Nonce::new(nonce))
        .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier))
        .url();
    let mut tx = pipeline.store.write_tx().await?;
    let attempt = Attempt {
        browser_sha256: sha256_hex(browser.as_bytes()),
        state_sha256: sha256_hex(state.secret().as_bytes()),
        nonce: nonce.secret().clone(),
        verifier: verifier.into_secret(),
        user_id: user.map(|user| user.id),
        language,
        expires_at: tx.now().plus(Duration::from_secs(MINUTES * 60)),
    };
    rows::begin(&mut tx, &attempt).await?;
    tx.commit_housekeeping().await?;
    Ok(Begun { to: to.into(), browser })
}

/// How a person came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Back {
    /// Signed in: what [`users::sign_in`] says.
    In(users::SignIn),
    /// The account is connected with the person who asked for it.
    Connected,
}

/// What the provider sent along.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    /// Names the sign-in.
    pub state: &'a str,
    /// To be changed for an ID token; none if the person or the provider said no.
    pub code: Option<&'a str>,
}

/// The sign-in that this browser began; it is over from now on.
pub async fn take(pipeline: &Pipeline, browser: &str) -> Result<Option<Attempt>> {
    let mut tx = pipeline.store.write_tx().await?;
    let attempt = rows::take(&mut tx, &sha256_hex(browser.as_bytes())).await?;
    let now = tx.now();
    tx.commit_housekeeping().await?;
    Ok(attempt.filter(|attempt| attempt.expires_at > now))
}

/// Ends a sign-in with what the provider sent along. `agent`: what the browser says it is.
///
/// # Errors
/// The answer does not belong to this sign-in, was not signed by the provider, or the account opens nobody's desk.
pub async fn finish(pipeline: &Pipeline, attempt: Attempt, answer: Answer<'_>, agent: &str) -> Result<Back> {
    if sha256_hex(answer.state.as_bytes()) != attempt.state_sha256 {
        return Err(refused("this sign-in was begun in another browser or took too long; begin again"));
    }
    let Some(code) = answer.code else {
        return Err(refused("the sign-in service did not let you in; begin again, or sign in with name and password"));
    };
    let (issuer, subject) = subject(pipeline, code, &attempt).await?;
    let person = rows::person(&pipeline.store, &issuer, &subject).await?;
    match (attempt.user_id, person) {
        (Some(id), Some(person)) if person.id != id => {
            Err(refused("this account is connected with another person here; an administrator can undo that"))
        }
        (Some(id), _) => {
            let mut tx = pipeline.store.write_tx().await?;
            rows::connect(&mut tx, id, &issuer, &subject).await?;
            tx.commit(AuditEvent::new(Actor::User(id), Action::OidcConnected, format!("user:{id}"))).await?;
            Ok(Back::Connected)
        }
        (None, Some(person)) if person.disabled_at.is_some() => {
            let tx = pipeline.store.write_tx().await?;
            let event = AuditEvent::new(Actor::System, Action::SignInFailed, format!("user:{}", person.id));
            tx.commit(event.detail("oidc")).await?;
            Err(refused("your account here is switched off; ask an administrator"))
        }
        (None, Some(person)) => Ok(Back::In(users::let_in(pipeline, &person, agent).await?)),
        (None, None) => Err(refused(
            "this account is not connected with anybody here; sign in with name and password once, and connect it on the page of your account",
        )),
    }
}

/// Takes the connection of a person's own account away.
pub async fn disconnect(pipeline: &Pipeline, user: &User) -> Result<()> {
    let mut tx = pipeline.store.write_tx().await?;
    rows::disconnect(&mut tx, user.id).await?;
    let event = AuditEvent::new(Actor::User(user.id), Action::OidcDisconnected, format!("user:{}", user.id));
    Ok(tx.commit(event).await?)
}

/// Whether the provider answers, for `sisir doctor`.
pub async fn check(pipeline: &Pipeline) -> Result<()> {
    client(pipeline).await.map(|_| ())
}

/// Changes the code for an ID token and reads from it whose account it is: issuer and subject.
async fn subject(pipeline: &Pipeline, code: &str, attempt: &Attempt) -> Result<(String, String)> {
    let (client, http) = client(pipeline).await?;
    let call = |request| send(http.clone(), request);
    let failed = |what: &str, error: &dyn std::fmt::Debug| {
        tracing::warn!("sign-in service: {what}: {error:?}");
        refused("the sign-in service sent an answer that we cannot trust; begin again, and tell the operator if it stays so")
    };
    let exchange =
        client.exchange_code(AuthorizationCode::new(code.to_owned())).map_err(|error| failed("no token address", &error))?;
    let tokens = exchange.set_pkce_verifier(PkceCodeVerifier::new(attempt.verifier.clone())).request_async(&call).await;
    // The error may quote the provider's answer, and that a token: only its kind is told.
    let tokens = tokens.map_err(|error| failed("the code was not changed for a token", &kind(&error)))?;
    let token = tokens.id_token().ok_or_else(|| failed("no ID token", &""))?;
    let now = pipeline.clock().now();
    let verifier: CoreIdTokenVerifier<'_> = client
        .id_token_verifier()
        .set_allowed_algs(SIGNATURES)
        .set_time_fn(move || DateTime::from_timestamp_millis(now.0).unwrap_or_default());
    let claims = token.claims(&verifier, &Nonce::new(attempt.nonce.clone())).map_err(|error| failed("the ID token", &error))?;
    Ok((claims.issuer().to_string(), claims.subject().to_string()))
}

fn kind<RE: std::error::Error, T: openidconnect::ErrorResponse>(error: &openidconnect::RequestTokenError<RE, T>) -> &'static str {
    match error {
        openidconnect::RequestTokenError::ServerResponse(_) => "refused",
        openidconnect::RequestTokenError::Request(_) => "no answer",
        openidconnect::RequestTokenError::Parse(..) => "not readable",
        openidconnect::RequestTokenError::Other(_) => "other",
    }
}

fn refused(why: &str) -> PipelineError {
    PipelineError::Refused(why.to_owned())
}

/// Asks the provider for its addresses and keys. Keys change, so they are asked for at every sign-in.
async fn client(pipeline: &Pipeline) -> Result<(Client, reqwest::Client)> {
    let config = &pipeline.config.oidc;
    if !config.is_on() {
        return Err(refused("no sign-in service of an organisation is set up here"));
    }
    let set_up = |error: &dyn std::fmt::Display| PipelineError::Task(format!("oidc: {error}"));
    let issuer = IssuerUrl::new(config.issuer.clone()).map_err(|error| set_up(&error))?;
    let back = RedirectUrl::new(redirect_address(config)).map_err(|error| set_up(&error))?;
    let mut builder = reqwest::Client::builder().timeout(TIMEOUT).redirect(reqwest::redirect::Policy::none());
    if config.issuer.starts_with("http:") {
        // To this machine, and not by way of another.
        builder = builder.no_proxy();
    }
    let http = builder.build().map_err(|error| set_up(&error))?;
    let call = |request| send(http.clone(), request);
    let metadata = CoreProviderMetadata::discover_async(issuer, &call).await.map_err(|error| {
        tracing::warn!("sign-in service: it does not say where its pages are: {error:?}");
        refused("the sign-in service does not answer; try again in a moment, or sign in with name and password")
    })?;
    let secret = config.client_secret.as_ref().map(|secret| ClientSecret::new(secret.expose_secret().to_owned()));
    let client = CoreClient::from_provider_metadata(metadata, ClientId::new(config.client_id.clone()), secret);
    Ok((client.set_redirect_uri(back), http))
}

/// Sends a request of the library by our HTTP client.
async fn send(http: reqwest::Client, request: HttpRequest) -> std::result::Result<HttpResponse, reqwest::Error> {
    let answer = http.execute(reqwest::Request::try_from(request)?).await?;
    let (status, headers) = (answer.status(), answer.headers().clone());
    let mut response = HttpResponse::new(answer.bytes().await?.to_vec());
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    Ok(response)
}

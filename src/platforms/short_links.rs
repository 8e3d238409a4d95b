//! Where short links lead. Asking is a request to the platform from the ministry's network, so it is off until somebody
//! decides for it. Only hosts of platforms are asked, only over public addresses, and only a few steps far.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::LOCATION;
use url::Url;

use super::address::{self, Address, NotAPost};
use super::client::{Answer, ApiClient, ApiError, Class, class_of_status};
use super::{Meter, SourceInfo};
use crate::config::{Mode, Retry, ShortLinks as Settings};
use crate::domain::Entropy;

/// Steps from a short link to a post, at most.
const STEPS: usize = 5;
/// Hosts that may be asked. What they name beside these is not visited.
const HOSTS: &[&str] = &[
    "vm.tiktok.com",
    "vt.tiktok.com",
    "www.tiktok.com",
    "m.tiktok.com",
    "fb.watch",
    "www.facebook.com",
    "m.facebook.com",
    "www.instagram.com",
    "t.co",
];

/// Where a short link leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// To a post.
    Post(Address),
    /// To something else; why.
    Elsewhere(&'static str),
    /// Nowhere.
    Gone,
}

/// The client.
pub struct ShortLinks {
    settings: Settings,
    api: ApiClient,
}

impl ShortLinks {
    /// Source name.
    pub const NAME: &'static str = "short_links";
    /// What is known of it before it is built.
    pub const INFO: SourceInfo = SourceInfo {
        name: Self::NAME,
        key: "sources.short_links.mode",
        quota_zone: "UTC",
        mode: |config| config.short_links.mode,
        budget: |config| config.short_links.daily_requests,
        price: None,
        page_size: |_| 1,
        keep_days: None,
        refresh_days: None,
        windows: None,
    };

    /// Builds the client; nothing is sent yet.
    pub fn new(settings: &Settings, retry: &Retry, entropy: Arc<Entropy>) -> Result<Self, ApiError> {
        let pace = settings.requests_per_minute;
        let api = match settings.mode {
            Mode::Live => ApiClient::with_names(Self::NAME, pace, retry, entropy, Arc::new(PublicOnly))?,
            Mode::Disabled | Mode::Fake => ApiClient::new(Self::NAME, pace, retry, entropy)?,
        };
        Ok(Self { settings: settings.clone(), api })
    }

    /// Follows a short link, without cookies and without reading what stands there.
    pub async fn resolve(&self, link: &str, meter: &dyn Meter) -> Result<Target, ApiError> {
        let mut at = link.to_owned();
        for _ in 0..STEPS {
            match address::parse(&at) {
                Ok(found) => return Ok(Target::Post(found)),
                Err(NotAPost::Short) => {}
                // Accounts and start pages: where links to deleted posts lead.
                Err(NotAPost::NoPost(_)) => return Ok(Target::Elsewhere("a page that is no single post")),
                Err(NotAPost::Malformed | NotAPost::Unsupported) => return Ok(Target::Elsewhere("another site")),
            }
            let Some(here) = allowed(&at) else { return Ok(Target::Elsewhere("a host that is not asked")) };
            let asked = match self.settings.mode {
                Mode::Live => here.to_string(),
                Mode::Disabled | Mode::Fake => {
                    format!("{}/short/{}{}", self.settings.base_url, here.host_str().unwrap_or(""), here.path())
                }
            };
            match self.api.call(Some(meter), |http| http.head(&asked), judge).await {
                Ok(Some(next)) => {
                    let Ok(next) = here.join(&next) else { return Ok(Target::Elsewhere("an address that cannot be read")) };
                    at = next.into();
                }
                Ok(None) => return Ok(Target::Elsewhere("a page that leads nowhere else")),
                Err(error) if error.class == Class::Gone => return Ok(Target::Gone),
                Err(error) => return Err(error),
            }
        }
        Ok(Target::Elsewhere("too many steps"))
    }
}

/// The address, if its host may be asked: by name, encrypted, at the usual port.
fn allowed(text: &str) -> Option<Url> {
    let mut url = Url::parse(text).or_else(|_| Url::parse(&format!("https://{text}"))).ok()?;
    // As people copy them.
    if let Some(host @ ("tiktok.com" | "facebook.com" | "instagram.com")) = url.host_str() {
        let host = format!("www.{host}");
        url.set_host(Some(&host)).ok()?;
    }
    if url.scheme() == "http" {
        url.set_scheme("https").ok()?;
    }
    let plain = url.scheme() == "https" && url.port().is_none() && url.username().is_empty() && url.password().is_none();
    (plain && HOSTS.contains(&url.host_str()?)).then_some(url)
}

/// Where an answer leads on; nowhere for a page.
fn judge(answer: &Answer) -> Result<Option<String>, ApiError> {
    let location = answer.headers.get(LOCATION).and_then(|value| value.to_str().ok()).map(str::to_owned);
    match (answer.status, location) {
        (300..=399, Some(next)) => Ok(Some(next)),
        (200..=299, _) => Ok(None),
        (status, _) => Err(ApiError::new(ShortLinks::NAME, class_of_status(status), format!("HTTP {status} for a short link"))),
    }
}

/// Resolves names to addresses of the public internet only: a name that leads into the ministry's own network is refused.
#[derive(Debug)]
struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<_> =
                tokio::net::lookup_host((name.as_str(), 0)).await?.filter(|found| is_public(found.ip())).collect();
            if found.is_empty() {
                return Err("it has no public address".into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// Whether an address is one of the public internet. <https://www.iana.org/assignments/iana-ipv4-special-registry>,
/// <https://www.iana.org/assignments/iana-ipv6-special-registry>
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(v4: Ipv4Addr) -> bool {
    let [a, b, c, _] = v4.octets();
    let special = v4.is_private()
        || v4.is_loopback()
        || v4.is_link_local()
        || v4.is_multicast()
        || v4.is_documentation()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (18..20).contains(&b));
    !special
}

fn is_public_v6(v6: Ipv6Addr) -> bool {
    // Only 2000::/3 is given out; within it, some blocks carry addresses of the older kind or are for examples.
    let [first, second, ..] = v6.segments();
    let given_out = first & 0xe000 == 0x2000;
    let special = (first == 0x2001 && (second < 0x0200 || second == 0x0db8)) || first == 0x2002 || first == 0x3fff;
    given_out && !special
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_public_internet_count() {
        for public in ["8.8.8.8", "103.10.66.1", "2606:4700::1111", "2404:6800:4003::8a"] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for special in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "192.0.0.8",
            "198.18.0.1",
            "203.0.113.1",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "::",
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "64:ff9b::7f00:1",
            "fc00::1",
            "fe80::1",
            "ff02::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2001:0:7f00:1::",
        ] {
            assert!(!is_public(special.parse().unwrap()), "{special}");
        }
    }

    #[test]
    fn only_platforms_are_asked() {
        for fine in [
            "https://vm.tiktok.com/ZMabc12De/",
            "t.co/AbC123xyz",
            "https://www.facebook.com/share/p/1AbCdEfGhI/",
            "http://tiktok.com/t/ZTabc12De/",
        ] {
            assert!(allowed(fine).is_some(), "{fine}");
        }
        for not in [
            "https://vm.tiktok.com:8443/x",
            "https://vm.tiktok.com@contoh.id/x",
            "https://user:x@vm.tiktok.com/x",
            "https://169.254.169.254/latest/meta-data",
            "https://contoh.id/x",
            "https://vm.tiktok.com.contoh.id/x",
            "file:///etc/passwd",
        ] {
            assert!(allowed(not).is_none(), "{not}");
        }
    }

    #[tokio::test]
    async fn a_name_of_the_own_network_is_refused() {
        let refused = PublicOnly.resolve("localhost".parse().unwrap()).await;
        assert!(refused.is_err_and(|error| error.to_string().contains("no public address")));
    }
}

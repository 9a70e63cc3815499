//! One request: who asks, in which language, at which address of ours.

use std::net::{IpAddr, Ipv4Addr};

use axum::extract::FromRequestParts;
use ets_i18n::{Lang, Tr};
use ets_listen::{Local, Peer};
use ets_model::WallTime;
use http::HeaderMap;
use http::request::Parts;

use crate::site::App;

/// Who asks.
#[derive(Clone, Debug)]
pub(crate) struct Visit {
    /// In his language and the hub's zone.
    pub(crate) tr: Tr,
    /// His address; that of IPv4 also where it came written as IPv6.
    pub(crate) from: IpAddr,
    /// The address of ours that he came to, as it stands in an address line.
    pub(crate) at: String,
    /// The moment.
    pub(crate) now: WallTime,
    /// A language that was chosen by a link of the page.
    pub(crate) chosen: Option<Lang>,
}

impl FromRequestParts<App> for Visit {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Self::Rejection> {
        let peer = parts.extensions.get::<Peer>().map(|peer| peer.address.ip().to_canonical());
        let local = parts.extensions.get::<Local>().map(|local| local.0.ip().to_canonical());
        let chosen = parts.uri.query().and_then(asked_language);
        let lang = chosen.unwrap_or_else(|| language(&parts.headers));
        Ok(Self {
            tr: Tr::new(lang, app.zone.clone()),
            from: peer.unwrap_or(Ipv4Addr::UNSPECIFIED.into()),
            at: local.map_or_else(String::new, written),
            now: app.deps.clock.wall(),
            chosen,
        })
    }
}

/// As an address stands in a URL (RFC 3986, section 3.2.2).
pub(crate) fn written(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    }
}

fn asked_language(query: &str) -> Option<Lang> {
    query.split('&').find_map(|pair| pair.strip_prefix("lang=")?.parse().ok())
}

/// The one that was chosen before, else what the browser asks for.
fn language(headers: &HeaderMap) -> Lang {
    let kept = ets_web::context::cookie(headers, "lang").and_then(|code| code.parse().ok());
    kept.unwrap_or_else(|| ets_web::context::language(headers))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// covers: N10.1
    #[test]
    fn a_link_of_the_page_chooses_the_language_and_nonsense_does_not() {
        assert_eq!(asked_language("a=b&lang=kk"), Some(Lang::Kk));
        assert_eq!(asked_language("lang=xx"), None);
        assert_eq!(asked_language("language=kk"), None);
        assert_eq!(written("fd10::1".parse().unwrap()), "[fd10::1]");
    }
}

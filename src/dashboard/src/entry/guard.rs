//! The one gate in front of every page and every part of the API.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use ets_listen::{Peer, Scheme};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, header};

use super::{Identity, Proof, Token, origin};
use crate::service::App;
use crate::{Config, Error};

/// The name of the session's cookie without the prefix that HTTPS adds.
pub(crate) const SESSION_COOKIE: &str = "ets-session";

/// Lets a request through when it is ours and somebody proved who asks; puts the [`Identity`] into
/// its extensions. Everybody else gets [`Error::NeedEntry`] or [`Error::CrossSite`].
pub(crate) async fn require_entry(
    State(app): State<App>,
    request: Request,
    next: Next,
) -> Response {
    let authority = request.uri().authority().map(http::uri::Authority::as_str);
    if !origin::is_own(request.method(), request.headers(), authority) {
        return Error::CrossSite.into_response();
    }
    let (parts, body) = request.into_parts();
    let proof = identify(&app, &parts).await;
    let mut request = Request::from_parts(parts, body);
    match proof {
        Err(error) => error.into_response(),
        Ok(None) => Error::NeedEntry.into_response(),
        Ok(Some(identity)) if !identity.is_administrator => Error::Forbidden(
            "this certificate opens no part of the hub's administration; /me says what it opens",
        )
        .into_response(),
        Ok(Some(identity)) => {
            request.extensions_mut().insert(identity);
            next.run(request).await
        }
    }
}

/// Who asks, if he proves it by certificate or session.
pub(crate) async fn identify(app: &App, parts: &Parts) -> Result<Option<Identity>, Error> {
    if let Some(identity) = Identity::of_connection(&parts.extensions, app.deps.ca.as_ref()) {
        return Ok(Some(identity));
    }
    of_session(app, session_token(&parts.headers, is_secure(parts))).await
}

async fn of_session(app: &App, token: Option<Token>) -> Result<Option<Identity>, Error> {
    let Some(token) = token else { return Ok(None) };
    let session = app.sessions.check(&token).await?;
    Ok(session.map(|session| Identity {
        name: session.name,
        proof: Proof::Session { hash: session.hash },
        is_administrator: true,
    }))
}

/// Whether the request came over TLS.
fn is_secure(parts: &Parts) -> bool {
    parts.extensions.get::<Peer>().is_some_and(|peer| peer.scheme == Scheme::Https)
}

fn cookie_name(secure: bool) -> String {
    // RFC 6265bis, section 4.1.3.2: such a cookie is bound to this host and to HTTPS.
    if secure { format!("__Host-{SESSION_COOKIE}") } else { SESSION_COOKIE.to_owned() }
}

fn session_token(headers: &HeaderMap, secure: bool) -> Option<Token> {
    let name = cookie_name(secure);
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .and_then(|(_, value)| Token::read(value))
}

/// The header that hands the session to the browser.
pub(crate) fn session_cookie(config: &Config, token: &Token, secure: bool) -> HeaderValue {
    let life = config.session_life.as_secs();
    cookie(secure, token.as_str(), life)
}

/// The header that takes it away again.
pub(crate) fn clear_cookie(secure: bool) -> HeaderValue {
    cookie(secure, "", 0)
}

fn cookie(secure: bool, value: &str, max_age: u64) -> HeaderValue {
    let name = cookie_name(secure);
    let secure = if secure { "; Secure" } else { "" };
    let text =
        format!("{name}={value}; Path=/; HttpOnly; SameSite=Strict; Max-Age={max_age}{secure}");
    HeaderValue::try_from(text).expect("a name of ours, hexadecimal digits and fixed words")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_cookie_does_not_open_an_encrypted_page() {
        let token = Token::draw().unwrap();
        let mut headers = HeaderMap::new();
        let plain = format!("a=b; {SESSION_COOKIE}={}", token.as_str());
        headers.insert(header::COOKIE, plain.parse().unwrap());
        assert_eq!(session_token(&headers, false), Some(token));
        assert_eq!(session_token(&headers, true), None);
    }

    #[test]
    fn the_cookie_is_out_of_reach_of_scripts_and_other_sites() {
        let token = Token::draw().unwrap();
        let cookie = session_cookie(&Config::default(), &token, true);
        let cookie = cookie.to_str().unwrap();
        assert!(cookie.starts_with("__Host-ets-session="), "{cookie}");
        for part in ["HttpOnly", "SameSite=Strict", "Secure", "Path=/"] {
            assert!(cookie.contains(part), "{cookie}");
        }
    }
}

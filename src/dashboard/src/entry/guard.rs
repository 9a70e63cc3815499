//! The one gate in front of every page and every part of the API.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use ets_listen::{Peer, Scheme};
use ets_model::PersonId;
use ets_rights::{Decision, Object, Rights};
use ets_web::origin::is_own;
use http::request::Parts;
use http::{HeaderMap, HeaderValue, header};

use super::bound::bound;
use super::routes::{Needs, object};
use super::{Identity, Proof, Token};
use crate::service::App;
use crate::{Config, Error};

/// The name of the session's cookie without the prefix that HTTPS adds.
pub(crate) const SESSION_COOKIE: &str = "ets-session";

/// The gate before one address.
#[derive(Clone)]
pub(crate) struct Gate {
    pub app: App,
    pub needs: Needs,
    /// The path with its parameters in braces.
    pub path: &'static str,
}

/// Lets a request through when it is ours, somebody proved who asks and he may; puts the
/// [`Identity`] into its extensions. Everybody else gets [`Error::NeedEntry`],
/// [`Error::CrossSite`] or [`Error::Denied`]. A stream of events ends when he may no longer.
pub(crate) async fn require_entry(
    State(gate): State<Gate>,
    request: Request,
    next: Next,
) -> Response {
    let authority = request.uri().authority().map(http::uri::Authority::as_str);
    if !is_own(request.method(), request.headers(), authority) {
        return Error::CrossSite.into_response();
    }
    let (parts, body) = request.into_parts();
    let proof = identify(&gate.app, &parts).await;
    let mut request = Request::from_parts(parts, body);
    let mut identity = match proof {
        Err(error) => return error.into_response(),
        Ok(None) => return Error::NeedEntry.into_response(),
        Ok(Some(identity)) => identity,
    };
    // Before the decision, so that no change falls between.
    let changes = gate.app.deps.rights.as_ref().map(Rights::changes);
    let Needs::Right(right) = gate.needs else {
        request.extensions_mut().insert(identity);
        return next.run(request).await;
    };
    let on = object(gate.path, request.uri().path());
    match gate.app.judge(&identity, right, &on) {
        Err(error) => return error.into_response(),
        Ok(acting_for) => identity.acting_for = acting_for,
    }
    request.extensions_mut().insert(identity.clone());
    let response = next.run(request).await;
    match changes {
        Some(changes) if !identity.is_administrator => {
            let app = gate.app.clone();
            bound(response, changes, move || app.judge(&identity, right, &on).is_ok())
        }
        _ => response,
    }
}

impl App {
    /// Whether somebody has a right on an object now, and for whom he acts then.
    pub(crate) fn judge(
        &self,
        who: &Identity,
        right: &str,
        on: &Object,
    ) -> Result<Option<(PersonId, String)>, Error> {
        if who.is_administrator {
            return Ok(None);
        }
        let denied = || Error::Denied { missing: right.to_owned(), whom_to_ask: Vec::new() };
        let (Some(rights), Some(person)) = (&self.deps.rights, &who.person) else {
            return Err(denied());
        };
        match rights.decide(person, right, on, self.deps.clock.wall()) {
            Decision::Allowed { acting_for, .. } => Ok(acting_for.map(|of| {
                let name = rights.person(&of).map_or_else(|| of.to_string(), |of| of.name.clone());
                (of, name)
            })),
            Decision::Denied { missing, whom_to_ask } => {
                Err(Error::Denied { missing, whom_to_ask })
            }
        }
    }

    /// The same for the hub as a whole, as a word.
    pub(crate) fn may(&self, who: &Identity, right: &str) -> bool {
        self.judge(who, right, &Object::Everywhere).is_ok()
    }
}

/// Who asks, if he proves it by certificate or session.
pub(crate) async fn identify(app: &App, parts: &Parts) -> Result<Option<Identity>, Error> {
    if let Some(identity) = Identity::of_connection(&parts.extensions, &app.deps) {
        return Ok(Some(identity));
    }
    of_session(app, session_token(&parts.headers, is_secure(parts))).await
}

async fn of_session(app: &App, token: Option<Token>) -> Result<Option<Identity>, Error> {
    let Some(token) = token else { return Ok(None) };
    let session = app.sessions.check(&token).await?;
    Ok(session.map(|session| {
        Identity::administrator(session.name, Proof::Session { hash: session.hash })
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

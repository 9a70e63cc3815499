//! What is taken off a message before it is passed on: what belongs to one hop (RFC 9110, section
//! 7.6.1), and whatever a client could write to be taken for somebody else.

use ets_listen::{clean_hop, words};
use http::header::{self, HeaderMap, HeaderName};

/// Names that services take for a proxy's word about who asks, how, or for what.
const FORGED: [&str; 17] = [
    "client-cert",
    "client-cert-chain",
    "forwarded",
    "from-proxy",
    // CGI makes it the address of a proxy for the service's own requests (CVE-2016-5385).
    "proxy",
    "proxy-user",
    "proxy-authenticated-user",
    "x-cluster-client-ip",
    "x-forwarded",
    "x-forward-for",
    "x-original-url",
    "x-original-uri",
    "x-real-ip",
    "x-rewrite-url",
    "x-true-client-ip",
    "true-client-ip",
    "x-user",
];

/// What such names begin with.
const FORGED_FAMILIES: [&str; 19] = [
    "cf-",
    "oidc-",
    "remote-",
    "ssl-",
    "tls-",
    "x-arr-",
    "x-auth-",
    "x-authenticated-",
    "x-client-",
    "x-ets-",
    "x-forwarded-",
    "x-goog-authenticated-",
    "x-ms-client-",
    "x-remote-",
    "x-ssl-",
    "x-tls-",
    "x-user-",
    "x-verified-",
    "x-webauth-",
];

/// Takes off a request what is no matter of the service. Answers whether trailers are welcome.
pub(crate) fn clean_request(headers: &mut HeaderMap) -> bool {
    let trailers = headers.get(header::TE).is_some_and(|te| words(te).any(|te| te == "trailers"));
    clean_hop(headers);
    headers.remove(header::EXPECT);
    clean_forged(headers);
    trailers
}

/// Takes off the trailers of a request what may not pass in its head either.
pub(crate) fn clean_trailers(trailers: &mut HeaderMap) {
    clean_hop(trailers);
    clean_forged(trailers);
}

fn clean_forged(headers: &mut HeaderMap) {
    let forged: Vec<HeaderName> =
        headers.keys().filter(|name| is_forged(name.as_str())).cloned().collect();
    for name in forged {
        headers.remove(name);
    }
}

/// Whether a client that writes this header could be taken for somebody else. Services that turn
/// `-` into `_` (RFC 3875, section 4.1.18), and some every other sign, see no difference.
fn is_forged(name: &str) -> bool {
    let plain;
    let is_odd = |letter: char| letter != '-' && !letter.is_ascii_alphanumeric();
    let name = if name.contains(is_odd) {
        plain = name.replace(is_odd, "-");
        &plain
    } else {
        name
    };
    FORGED.contains(&name) || FORGED_FAMILIES.iter().any(|family| name.starts_with(family))
}

/// Whether a list header has this word.
pub(crate) fn has(headers: &HeaderMap, name: HeaderName, word: &str) -> bool {
    headers.get_all(name).iter().any(|value| words(value).any(|one| one == word))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn map(pairs: &[(&str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&str, &str)| {
            (HeaderName::try_from(*name).unwrap(), HeaderValue::from_str(value).unwrap())
        };
        pairs.iter().map(pair).collect()
    }

    /// covers: T2.1, T-8: every header by which a client could pass for another
    #[test]
    fn what_a_client_writes_about_itself_does_not_pass() {
        let forged = [
            "X-Ets-Person",
            "X-Ets-Rights",
            "X_Ets_Person",
            "x.ets.person",
            "x!ets!person",
            "x-ets~person",
            "client.cert",
            "Proxy",
            "x-ets-identity",
            "Client-Cert",
            "Client-Cert-Chain",
            "client_cert",
            "Forwarded",
            "X-Forwarded-For",
            "X-Forwarded-Client-Cert",
            "X_Forwarded_For",
            "X-SSL-Client-CN",
            "X-Ssl-Client-Verify",
            "SSL_CLIENT_S_DN",
            "X-Client-Cert",
            "X-Client-Verify",
            "Remote-User",
            "REMOTE_USER",
            "X-Remote-User",
            "X-Real-IP",
            "X-Auth-Request-User",
            "X-Authenticated-User",
            "X-Original-URL",
            "X-Rewrite-URL",
            "X-WebAuth-User",
            "X-User",
            "X-User-Id",
            "X-ARR-ClientCert",
            "X-Forwarded",
            "True-Client-IP",
        ];
        for name in forged {
            let mut headers = map(&[(name, "forged"), ("Accept", "text/html")]);
            clean_request(&mut headers);
            assert_eq!(headers, map(&[("Accept", "text/html")]), "{name}");
        }
    }

    /// covers: T2.1, T-8: a trailer is a header that comes late
    #[test]
    fn trailers_are_held_to_the_same_rule() {
        let late = [("X-Ets-Person", "1"), ("x.ets.name", "1"), ("TE", "trailers"), ("X-Sum", "2")];
        let mut trailers = map(&late);
        clean_trailers(&mut trailers);
        assert_eq!(trailers, map(&[("X-Sum", "2")]));
    }

    /// covers: T2.1 (RFC 9110, section 7.6.1)
    #[test]
    fn what_belongs_to_one_hop_stays_there() {
        let mut headers = map(&[
            ("Connection", "close, X-Secret"),
            ("Connection", "Upgrade"),
            ("X-Secret", "1"),
            ("Upgrade", "h2c"),
            ("Keep-Alive", "timeout=5"),
            ("Transfer-Encoding", "chunked"),
            ("TE", "trailers, deflate"),
            ("Proxy-Authorization", "Basic x"),
            ("Expect", "100-continue"),
            ("Cookie", "a=b"),
        ]);
        assert!(clean_request(&mut headers));
        assert_eq!(headers, map(&[("Cookie", "a=b")]));
        assert!(!clean_request(&mut headers));
    }
}

//! Headers that belong to one hop (RFC 9110, section 7.6.1), for who passes messages on.

use http::header::{self, HeaderMap, HeaderName, HeaderValue};

/// Headers of one hop, whatever `Connection` says.
const HOP: [HeaderName; 8] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// Takes off what belongs to one hop, also what the message itself names so.
pub fn clean_hop(headers: &mut HeaderMap) {
    if headers.contains_key(header::CONNECTION) {
        let mut named = Vec::new();
        for value in headers.get_all(header::CONNECTION) {
            named.extend(words(value).filter_map(|name| HeaderName::try_from(name).ok()));
        }
        // Who names the host wants to be taken for another's: it is set anew in any case.
        for name in named {
            headers.remove(name);
        }
    }
    for name in &HOP {
        headers.remove(name);
    }
}

/// The words of a list header, in lower case.
pub fn words(value: &HeaderValue) -> impl Iterator<Item = String> + '_ {
    let text = value.to_str().unwrap_or_default();
    text.split(',').map(|word| word.trim().to_ascii_lowercase()).filter(|word| !word.is_empty())
}

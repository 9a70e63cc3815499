//! Protection of state changes against pages of other sites (cross-site request forgery).
//!
//! The same rule as `http.CrossOriginProtection` of Go's standard library: browsers say where a
//! request comes from, in `Sec-Fetch-Site` or, the older ones, in `Origin`. A request with
//! neither header comes from no browser and carries no one else's cookie.

use http::{HeaderMap, Method, header};

/// Whether the request may change state as far as its origin goes. `authority` is that of its
/// target: over HTTP/2 the host stands there (RFC 9113, section 8.3.1).
pub fn is_own(method: &Method, headers: &HeaderMap, authority: Option<&str>) -> bool {
    if matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return true;
    }
    if let Some(site) = headers.get("sec-fetch-site") {
        return matches!(site.as_bytes(), b"same-origin" | b"none");
    }
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).or(authority);
    let origin = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
    matches!((origin, host), (Some((_, origin)), Some(host)) if origin.eq_ignore_ascii_case(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(*name, value.parse().unwrap());
        }
        headers
    }

    fn verdict(method: &Method, pairs: &[(&'static str, &'static str)]) -> bool {
        let host = [("host", "hub.example:8443")];
        is_own(method, &headers(&[&host, pairs].concat()), None)
    }

    /// covers: T2.3, T-8
    #[test]
    fn a_change_is_accepted_from_our_own_pages_and_from_programs_only() {
        let post = &Method::POST;
        assert!(verdict(post, &[("sec-fetch-site", "same-origin")]));
        assert!(verdict(post, &[("origin", "https://hub.example:8443")]));
        assert!(verdict(post, &[]));
        assert!(!verdict(post, &[("sec-fetch-site", "cross-site")]));
        assert!(!verdict(post, &[("sec-fetch-site", "same-site")]));
        assert!(!verdict(post, &[("origin", "https://evil.example")]));
        assert!(!verdict(post, &[("origin", "null")]));
        let contradiction =
            [("sec-fetch-site", "cross-site"), ("origin", "https://hub.example:8443")];
        assert!(!verdict(post, &contradiction));
        assert!(verdict(&Method::GET, &[("sec-fetch-site", "cross-site")]));
    }

    /// covers: T2.3 (RFC 9113, section 8.3.1)
    #[test]
    fn over_http2_the_host_is_that_of_the_target() {
        let own = headers(&[("origin", "https://hub.example:8443")]);
        assert!(is_own(&Method::POST, &own, Some("hub.example:8443")));
        assert!(!is_own(&Method::POST, &own, Some("other.example")));
        assert!(!is_own(&Method::POST, &own, None));
    }
}

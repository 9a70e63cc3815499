//! Which route a request takes. A path whose meaning the service might see otherwise than the
//! proxy is refused: it would open the way past a right.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use percent_encoding::percent_decode_str;

use crate::figures::RouteCounters;
use crate::refusal::Refusal;
use crate::upstream::Upstreams;
use crate::{AtOnce, Config, Error, Route};

/// A route with what belongs to it.
#[derive(Debug)]
pub(crate) struct Way {
    pub(crate) route: Route,
    pub(crate) upstreams: Upstreams,
    pub(crate) counters: RouteCounters,
    /// Its prefix as the most lenient service reads it.
    loose: String,
}

/// Which part a host name belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Closed,
    Open,
}

impl Way {
    pub(crate) fn new(route: Route, at_once: AtOnce) -> Self {
        let upstreams = Upstreams::new(&route, at_once.of_service);
        let counters = RouteCounters::default();
        let loose = loosely(&route.prefix).into_owned();
        Self { route, upstreams, counters, loose }
    }

    /// What it is called in figures: its host where it has one, and its prefix.
    pub(crate) fn name(&self) -> String {
        let Route { host, prefix, .. } = &self.route;
        format!("{}{prefix}", host.as_deref().unwrap_or_default().to_lowercase())
    }
}

/// All routes by host name.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) ways: Vec<Arc<Way>>,
    hosts: HashMap<String, Host>,
}

#[derive(Debug)]
pub(crate) struct Host {
    pub(crate) part: Part,
    /// The longest prefix first.
    ways: Vec<Arc<Way>>,
}

impl Table {
    pub(crate) fn new(config: &Config) -> Result<Self, Error> {
        let lower = |names: &[String]| names.iter().map(|name| name.to_lowercase()).collect();
        let (closed, open): (Vec<_>, Vec<_>) = (lower(&config.names), lower(&config.open_names));
        if let Some(name) = closed.iter().find(|name| open.contains(name)) {
            return Err(Error::Name(name.clone()));
        }
        let ways: Vec<_> = config
            .routes
            .iter()
            .map(|route| way(route, config.at_once))
            .collect::<Result<_, _>>()?;
        let mut known = HashSet::new();
        let mut is_new = |way: &Way| {
            let host = way.route.host.as_deref().map(str::to_lowercase);
            let loose = way.loose.trim_end_matches('/').to_owned();
            known.insert((host, loose, way.route.open))
        };
        if let Some(way) = ways.iter().find(|way| !is_new(way)) {
            let why = "it is there already, perhaps in other letters: one alone would be taken";
            let prefix = way.name();
            return Err(Error::Route { prefix, why });
        }
        let parts = closed.into_iter().map(|name| (name, Part::Closed));
        let parts = parts.chain(open.into_iter().map(|name| (name, Part::Open)));
        let hosts = parts.map(|(name, part)| {
            let host = Host { part, ways: of_host(&ways, &name, part) };
            (name, host)
        });
        Ok(Self { hosts: hosts.collect(), ways })
    }

    /// The host of this name, in lower case and without a port.
    pub(crate) fn host(&self, name: &str) -> Option<&Host> {
        self.hosts.get(name)
    }
}

impl Host {
    /// The way of a path as [`plain`] has it. It is unclear where a service that reads the path
    /// [`loosely`] would see that of another way.
    pub(crate) fn find(&self, path: &str) -> Result<&Arc<Way>, Refusal> {
        let mut ways = self.ways.iter();
        let way = ways.find(|way| leads(&way.route.prefix, path)).ok_or(Refusal::Unknown)?;
        let loose = loosely(path);
        let first = self.ways.iter().find(|way| leads(&way.loose, &loose));
        match first.is_some_and(|first| Arc::ptr_eq(first, way)) {
            true => Ok(way),
            false => Err(Refusal::Unclear),
        }
    }
}

fn way(route: &Route, at_once: AtOnce) -> Result<Arc<Way>, Error> {
    let fault = |why| Error::Route { prefix: route.prefix.clone(), why };
    let is_plain = plain(&route.prefix).is_some_and(|plain| plain == route.prefix.as_str());
    if !is_plain || route.prefix.contains(';') {
        return Err(fault("write a plain path that begins with /, without semicolons"));
    }
    if route.upstreams.is_empty() {
        return Err(fault("name at least one address of the service"));
    }
    if !route.open && route.right.is_empty() {
        return Err(fault("name the right that it needs, or make it part of the open names"));
    }
    if route.health.as_deref().is_some_and(|path| path.parse::<http::uri::PathAndQuery>().is_err())
    {
        return Err(fault("write the path of its health as a path"));
    }
    Ok(Arc::new(Way::new(route.clone(), at_once)))
}

fn of_host(ways: &[Arc<Way>], name: &str, part: Part) -> Vec<Arc<Way>> {
    let fits = |way: &&Arc<Way>| {
        let host = way.route.host.as_deref();
        way.route.open == (part == Part::Open)
            && host.is_none_or(|host| host.eq_ignore_ascii_case(name))
    };
    let mut ways: Vec<_> = ways.iter().filter(fits).cloned().collect();
    ways.sort_by_key(|way| {
        let length = way.loose.trim_end_matches('/').len();
        (std::cmp::Reverse(length), way.route.host.is_none())
    });
    ways
}

/// Whether a path begins with a prefix, whole parts of it.
fn leads(prefix: &str, path: &str) -> bool {
    let prefix = prefix.trim_end_matches('/');
    path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The path as every service reads it, with what was percent-encoded decoded; `None` where
/// services differ: `.` and `..`, empty parts, encoded or backward slashes, broken encodings.
pub(crate) fn plain(path: &str) -> Option<Cow<'_, str>> {
    let decoded = if path.contains('%') { Cow::Owned(decode(path)?) } else { Cow::Borrowed(path) };
    let parts = decoded.strip_prefix('/')?.split('/');
    let is_odd = |byte: u8| byte == b'\\' || byte < b' ' || byte == 0x7f;
    let (mut count, mut empty) = (0, 0);
    let mut last_is_empty = false;
    for part in parts {
        // Some services cut off what follows a semicolon before they look.
        let name = part.split(';').next().unwrap_or_default();
        if matches!(name, "." | "..") || part.bytes().any(is_odd) {
            return None;
        }
        last_is_empty = name.is_empty();
        empty += usize::from(last_is_empty);
        count += 1;
    }
    // One empty part at the end is a folder.
    (empty == usize::from(last_is_empty) && count > 0).then_some(decoded)
}

/// A path as the most lenient service reads it: each part without what follows a semicolon (Java's
/// path parameters) and without dots and spaces at its end (Windows), in whatever letters.
fn loosely(path: &str) -> Cow<'_, str> {
    let is_strict =
        |byte: u8| byte.is_ascii() && !byte.is_ascii_uppercase() && !b";. ".contains(&byte);
    if path.bytes().all(is_strict) {
        return Cow::Borrowed(path);
    }
    let name = |part: &str| {
        let name = part.split(';').next().unwrap_or_default();
        name.trim_end_matches(['.', ' ']).to_uppercase().to_lowercase()
    };
    Cow::Owned(path.split('/').map(name).collect::<Vec<_>>().join("/"))
}

/// Every encoding must be whole, and must not hide a slash.
fn decode(path: &str) -> Option<String> {
    let bytes = path.as_bytes();
    for (at, _) in bytes.iter().enumerate().filter(|(_, byte)| **byte == b'%') {
        let digits = bytes.get(at + 1..at + 3)?;
        let is_slash = digits.eq_ignore_ascii_case(b"2f") || digits.eq_ignore_ascii_case(b"5c");
        if is_slash || !digits.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
    }
    percent_decode_str(path).decode_utf8().ok().map(Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// covers: T2.1, T-8
    #[test]
    fn a_path_that_could_be_read_in_two_ways_is_refused() {
        let odd = [
            "/a/../b",
            "/a/./b",
            "/..",
            "/a/%2e%2E/b",
            "/a/.%2e",
            "/a//b",
            "//a",
            "/a%2fb",
            "/a%2Fb",
            "/a%5cb",
            "/a\\b",
            "/a%00",
            "/a%0d",
            "/a/..;/b",
            "/a/;x/b",
            "/%zz",
            "/%4",
            "a",
            "",
            "/%ff",
            "/.;a=b/c",
        ];
        for path in odd {
            assert_eq!(plain(path), None, "{path}");
        }
        for path in ["/", "/a", "/a/", "/a.b/..c/...", "/a;b=c/d"] {
            assert_eq!(plain(path).as_deref(), Some(path));
        }
        assert_eq!(plain("/%61dmin/%D2%9B").as_deref(), Some("/admin/қ"));
        assert_eq!(plain("/a%252e").as_deref(), Some("/a%2e"), "decoded once");
    }

    /// covers: T2.1
    #[test]
    fn the_longest_prefix_of_the_right_part_wins() {
        let route = |prefix: &str, open, host: Option<&str>| Route {
            prefix: prefix.to_owned(),
            host: host.map(str::to_owned),
            upstreams: vec!["127.0.0.1:1".parse().unwrap()],
            right: "a.b".to_owned(),
            open,
            ..Route::default()
        };
        let config = Config {
            names: vec!["Closed".to_owned(), "other".to_owned()],
            open_names: vec!["open".to_owned()],
            routes: vec![
                route("/", false, None),
                route("/admin/", false, None),
                route("/admin", false, Some("other")),
                route("/admin", true, None),
            ],
            ..Config::default()
        };
        let table = Table::new(&config).unwrap();
        let find = |host: &str, path: &str| {
            let way = table.host(host).unwrap().find(path).ok()?;
            table.ways.iter().position(|one| Arc::ptr_eq(one, way))
        };
        assert_eq!(find("closed", "/administration"), Some(0));
        assert_eq!(find("closed", "/admin"), Some(1));
        assert_eq!(find("closed", "/admin/x"), Some(1));
        assert_eq!(find("other", "/admin/x"), Some(2));
        assert_eq!(find("open", "/admin/x"), Some(3));
        assert_eq!(find("open", "/"), None);
        assert!(table.host("nobody").is_none());
    }

    /// covers: T2.1, T-8: the way past a right
    #[test]
    fn a_path_that_a_lenient_service_takes_for_that_of_another_way_is_refused() {
        let route = |prefix: &str| Route {
            prefix: prefix.to_owned(),
            upstreams: vec!["127.0.0.1:1".parse().unwrap()],
            right: "a.b".to_owned(),
            ..Route::default()
        };
        let config = |prefixes: &[&str]| Config {
            names: vec!["closed".to_owned()],
            routes: prefixes.iter().map(|prefix| route(prefix)).collect(),
            ..Config::default()
        };
        let table = Table::new(&config(&["/", "/pay", "/pay/out", "/Төлем/"])).unwrap();
        let find = |path: &str| {
            let way = table.host("closed").unwrap().find(&plain(path).unwrap())?;
            Ok(way.route.prefix.as_str())
        };
        for path in [
            "/pay;x/secret",
            "/pay%3bx/secret",
            "/pay;/secret",
            "/pay;x",
            "/PAY/secret",
            "/PAY;x/secret",
            "/pay./secret",
            "/pay%20/secret",
            "/pay/out;x/secret",
            "/pay/OUT/secret",
            "/төлем/secret",
        ] {
            assert_eq!(find(path), Err(Refusal::Unclear), "{path}");
        }
        for (path, prefix) in [
            ("/", "/"),
            ("/a;b=c/d", "/"),
            ("/A/pay;x", "/"),
            ("/pay/a;b=c/D.", "/pay"),
            ("/pay/out/", "/pay/out"),
            ("/payments", "/"),
            ("/Төлем/a", "/Төлем/"),
        ] {
            assert_eq!(find(path), Ok(prefix), "{path}");
        }
        for prefixes in [&["/a", "/A"][..], &["/a", "/a/"], &["/a;b"]] {
            let built = Table::new(&config(prefixes));
            assert!(matches!(built, Err(Error::Route { .. })), "{prefixes:?}");
        }
    }

    /// covers: T2.1
    #[test]
    fn a_route_without_a_right_or_a_service_is_no_route() {
        let good = Route {
            upstreams: vec!["127.0.0.1:1".parse().unwrap()],
            right: "a.b".to_owned(),
            ..Route::default()
        };
        let bad = [
            Route { right: String::new(), ..good.clone() },
            Route { upstreams: Vec::new(), ..good.clone() },
            Route { prefix: "/a/../b".to_owned(), ..good.clone() },
            Route { prefix: "a".to_owned(), ..good.clone() },
            Route { health: Some("no path".to_owned()), ..good.clone() },
        ];
        for route in bad {
            let config = Config { routes: vec![route], ..Config::default() };
            assert!(matches!(Table::new(&config), Err(Error::Route { .. })));
        }
        let twice = Config { routes: vec![good.clone(), good], ..Config::default() };
        assert!(matches!(Table::new(&twice), Err(Error::Route { .. })));
        let both = Config {
            names: vec!["a".to_owned()],
            open_names: vec!["A".to_owned()],
            ..Config::default()
        };
        assert!(matches!(Table::new(&both), Err(Error::Name(_))));
    }
}

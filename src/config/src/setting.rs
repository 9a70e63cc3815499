//! The kinds of values that a key may hold, each with its own rule.

use std::net::SocketAddr;
use std::num::NonZeroU16;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use toml::de::DeValue;

use crate::Rule;

/// A kind of value.
pub trait Setting: Sized {
    /// What the reference calls it.
    const KIND: &'static str;

    /// Reads it.
    ///
    /// # Errors
    /// The rule that the value breaks.
    fn read(value: &DeValue<'_>) -> Result<Self, Broken>;

    /// Writes it as it would stand in the file.
    fn show(&self) -> String;
}

/// Which rule a value breaks; `what` continues the key's name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    pub(crate) rule: Rule,
    pub(crate) what: String,
    pub(crate) remedy: String,
}

impl Broken {
    fn new(rule: Rule, what: String, remedy: &str) -> Self {
        Self { rule, what, remedy: remedy.to_owned() }
    }

    fn kind(value: &DeValue<'_>, wanted: &str) -> Self {
        let what = format!("is {} {}, not {wanted}", article(value.type_str()), value.type_str());
        Self { rule: Rule::WrongType, what, remedy: format!("write {wanted}") }
    }
}

fn article(word: &str) -> &'static str {
    if word.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" }
}

fn text<'v>(value: &'v DeValue<'_>, wanted: &str) -> Result<&'v str, Broken> {
    value.as_str().ok_or_else(|| Broken::kind(value, wanted))
}

impl Setting for bool {
    const KIND: &'static str = "`true` or `false`";

    fn read(value: &DeValue<'_>) -> Result<Self, Broken> {
        value.as_bool().ok_or_else(|| Broken::kind(value, "true or false"))
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

impl Setting for u64 {
    const KIND: &'static str = "a whole number";

    fn read(value: &DeValue<'_>) -> Result<Self, Broken> {
        let wrong = || Broken::kind(value, "a whole number of 0 or more");
        let integer = value.as_integer().ok_or_else(wrong)?;
        Self::from_str_radix(integer.as_str(), integer.radix()).map_err(|_| wrong())
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

impl Setting for NonZeroU16 {
    const KIND: &'static str = "a port from 1 to 65535";

    fn read(value: &DeValue<'_>) -> Result<Self, Broken> {
        let number = u64::read(value)?;
        let broken = || {
            let what = format!("= {number} is no port");
            Broken::new(Rule::OutOfRange, what, "choose from 1 to 65535")
        };
        let port = u16::try_from(number).ok().and_then(Self::new);
        port.ok_or_else(broken)
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

impl Setting for String {
    const KIND: &'static str = "a text in quotes";

    fn read(value: &DeValue<'_>) -> Result<Self, Broken> {
        let given = text(value, "a text in quotes")?;
        if given.trim().is_empty() {
            return Err(Broken::new(
                Rule::Empty,
                "is empty".to_owned(),
                "write a text, or remove the key",
            ));
        }
        Ok(given.to_owned())
    }

    fn show(&self) -> String {
        format!("\"{self}\"")
    }
}

impl Setting for Duration {
    const KIND: &'static str =
        "a time such as `\"500ms\"`, `\"15s\"`, `\"5min\"`, `\"2h\"`, `\"90d\"`";

    fn read(value: &DeValue<'_>) -> Result<Self, Broken> {
        let given = text(value, "a time such as \"15s\"")?;
        let broken = || {
            let what = format!("= \"{given}\" is no time");
            Broken::new(Rule::BadDuration, what, "write a number and one of ms, s, min, h, d")
        };
        let (number, factor) = split_unit(given, &DURATION_UNITS).ok_or_else(broken)?;
        number.checked_mul(factor).map(Self::from_millis).ok_or_else(broken)
    }

    fn show(&self) -> String {
        let millis = u64::try_from(self.as_millis()).unwrap_or(u64::MAX);
        show_unit(millis, &DURATION_UNITS)
    }
}

/// A number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bytes(pub u64);

impl Setting for Bytes {
    const KIND: &'static str = "a size such as `\"512KiB\"`, `\"64MiB\"`, `\"2GiB\"`";

    fn read(value: &DeValue<'_>) -> Result<Self, Broken> {
        let given = text(value, "a size such as \"64MiB\"")?;
        let broken = || {
            let what = format!("= \"{given}\" is no size");
            Broken::new(Rule::BadSize, what, "write a number and one of B, KiB, MiB, GiB")
        };
        let (number, factor) = split_unit(given, &SIZE_UNITS).ok_or_else(broken)?;
        number.checked_mul(factor).map(Self).ok_or_else(broken)
    }

    fn show(&self) -> String {
        show_unit(self.0, &SIZE_UNITS)
    }
}

/// Units from the largest to the smallest, in the smallest.
const DURATION_UNITS: [(&str, u64); 5] =
    [("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1_000), ("ms", 1)];
const SIZE_UNITS: [(&str, u64); 4] =
    [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];

fn split_unit(given: &str, units: &[(&str, u64)]) -> Option<(u64, u64)> {
    let end = given.find(|c: char| !c.is_ascii_digit())?;
    let unit = given[end..].trim_start();
    let (_, factor) = units.iter().find(|(name, _)| *name == unit)?;
    Some((given[..end].parse().ok()?, *factor))
}

fn show_unit(amount: u64, units: &[(&str, u64)]) -> String {
    let whole =
        units.iter().find(|(_, factor)| amount >= *factor && amount.is_multiple_of(*factor));
    let (name, factor) = whole.unwrap_or(&units[units.len() - 1]);
    format!("\"{}{name}\"", amount / factor)
}

impl Setting for SocketAddr {
    const KIND: &'static str =
        "an address with a port such as `\"127.0.0.1:8470\"`, `\"[::]:443\"`";

    fn read(value: &DeValue<'_>) -> Result<Self, Broken> {
        let given = text(value, "an address with a port")?;
        given.parse().map_err(|_| {
            let what = format!("= \"{given}\" is no address with a port");
            Broken::new(Rule::BadAddress, what, "write it as \"127.0.0.1:8470\" or \"[::1]:8470\"")
        })
    }

    fn show(&self) -> String {
        format!("\"{self}\"")
    }
}

impl Setting for PathBuf {
    const KIND: &'static str = "a path that begins with `/`";

    fn read(value: &DeValue<'_>) -> Result<Self, Broken> {
        let given = text(value, "a path in quotes")?;
        let path = Self::from(given);
        if !path.is_absolute() {
            let what = format!("= \"{given}\" is no whole path");
            return Err(Broken::new(Rule::BadPath, what, "begin it with /"));
        }
        Ok(path)
    }

    fn show(&self) -> String {
        format!("\"{}\"", self.display())
    }
}

/// An http or https address without a trailing slash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url(pub String);

impl Setting for Url {
    const KIND: &'static str = "an address such as `\"https://hub.example\"`";

    fn read(value: &DeValue<'_>) -> Result<Self, Broken> {
        let given = text(value, "an address in quotes")?;
        let rest = given.strip_prefix("https://").or_else(|| given.strip_prefix("http://"));
        let good = rest.is_some_and(|rest| {
            !rest.is_empty() && !rest.ends_with('/') && !rest.contains(char::is_whitespace)
        });
        if !good {
            let what = format!("= \"{given}\" is no web address");
            let remedy = "write it as \"https://hub.example\", without a slash at the end";
            return Err(Broken::new(Rule::BadUrl, what, remedy));
        }
        Ok(Self(given.to_owned()))
    }

    fn show(&self) -> String {
        format!("\"{}\"", self.0)
    }
}

/// The name of an interface; a trailing `*` stands for any ending.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InterfacePattern(pub String);

impl InterfacePattern {
    /// Longest name of an interface (IFNAMSIZ less the closing zero).
    const LONGEST: usize = 15;
}

impl Setting for InterfacePattern {
    const KIND: &'static str = "an interface such as `\"eth0\"`, or `\"s*\"` for all that begin so";

    fn read(value: &DeValue<'_>) -> Result<Self, Broken> {
        let given = text(value, "an interface in quotes")?;
        let stem = given.strip_suffix('*').unwrap_or(given);
        let good = !given.is_empty()
            && given.len() <= Self::LONGEST
            && stem.chars().all(|c| c.is_ascii_graphic() && !"/*:".contains(c));
        if !good {
            let what = format!("= \"{given}\" is no interface");
            let remedy = "write up to 15 letters and digits, with * at most at the end";
            return Err(Broken::new(Rule::BadInterface, what, remedy));
        }
        Ok(Self(given.to_owned()))
    }

    fn show(&self) -> String {
        format!("\"{}\"", self.0)
    }
}

/// The full name of an interface.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Interface(pub String);

impl Setting for Interface {
    const KIND: &'static str = "an interface such as `\"eth0\"`";

    fn read(value: &DeValue<'_>) -> Result<Self, Broken> {
        let InterfacePattern(given) = InterfacePattern::read(value)?;
        if given.ends_with('*') {
            let what = format!("= \"{given}\" stands for several interfaces");
            return Err(Broken::new(
                Rule::BadInterface,
                what,
                "write each of them by its full name",
            ));
        }
        Ok(Self(given))
    }

    fn show(&self) -> String {
        format!("\"{}\"", self.0)
    }
}

impl Setting for IpNet {
    const KIND: &'static str = "a network such as `\"10.1.0.0/24\"`, `\"fd10:1::/64\"`";

    fn read(value: &DeValue<'_>) -> Result<Self, Broken> {
        let given = text(value, "a network in quotes")?;
        let broken = |what: String, remedy: &str| Broken::new(Rule::BadNetwork, what, remedy);
        let net: Self = given.parse().map_err(|_| {
            let what = format!("= \"{given}\" is no network");
            broken(what, "write address and length, \"10.1.0.0/24\" or \"fd10:1::/64\"")
        })?;
        if net.trunc() != net {
            let what = format!("= \"{given}\" has bits behind its length");
            return Err(broken(what, &format!("write \"{}\"", net.trunc())));
        }
        Ok(net)
    }

    fn show(&self) -> String {
        format!("\"{self}\"")
    }
}

/// Ports in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ports {
    /// The first one, from 1024 on.
    pub first: u16,
    /// The last one, included.
    pub last: u16,
}

impl Setting for Ports {
    const KIND: &'static str = "ports in a row such as `\"40000-40999\"`, from 1024 on";

    fn read(value: &DeValue<'_>) -> Result<Self, Broken> {
        let given = text(value, "ports in quotes")?;
        let port = |text: &str| text.trim().parse::<u16>().ok().filter(|port| *port >= 1_024);
        let range = given.split_once('-').and_then(|(first, last)| port(first).zip(port(last)));
        let range = range.filter(|(first, last)| first <= last);
        let (first, last) = range.ok_or_else(|| {
            let what = format!("= \"{given}\" is no range of ports from 1024 on");
            Broken::new(Rule::OutOfRange, what, "write the first and the last, \"40000-40999\"")
        })?;
        Ok(Self { first, last })
    }

    fn show(&self) -> String {
        format!("\"{}-{}\"", self.first, self.last)
    }
}

/// A short name in lower case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name(pub String);

impl Setting for Name {
    const KIND: &'static str = "a short name of a-z, 0-9 and `-`";

    fn read(value: &DeValue<'_>) -> Result<Self, Broken> {
        let given = text(value, "a short name in quotes")?;
        let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        let good = (1..=48).contains(&given.len())
            && given.starts_with(letter)
            && given.chars().all(|c| letter(c) || c == '-');
        if !good {
            let what = format!("= \"{given}\" is no short name");
            let remedy = "write 1 to 48 of a-z, 0-9 and -, beginning with a letter or digit";
            return Err(Broken::new(Rule::BadName, what, remedy));
        }
        Ok(Self(given.to_owned()))
    }

    fn show(&self) -> String {
        format!("\"{}\"", self.0)
    }
}

impl<T: Setting> Setting for Vec<T> {
    const KIND: &'static str = "a list in brackets";

    fn read(value: &DeValue<'_>) -> Result<Self, Broken> {
        let list = value.as_array().ok_or_else(|| Broken::kind(value, "a list in brackets"))?;
        list.iter().map(|item| T::read(item.get_ref())).collect()
    }

    fn show(&self) -> String {
        format!("[{}]", self.iter().map(Setting::show).collect::<Vec<_>>().join(", "))
    }
}

//! Small things that lists share: query strings and inline filter forms.

use ets_i18n::{Tr, t};
use ets_model::WallTime;
use ets_web::Html;
use ets_web::html::escape;
use jiff::civil::DateTime;
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// The first value of `name` in a query string.
pub(crate) fn query_value(query: &str, name: &str) -> String {
    query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| {
            let value = value.replace('+', " ");
            percent_decode_str(&value).decode_utf8_lossy().into_owned()
        })
        .unwrap_or_default()
}

/// An address with those of the pairs that have a value; ends in `?` or `&`, ready for more.
pub(crate) fn address(path: &str, pairs: &[(&str, &str)]) -> String {
    let mut out = format!("{path}?");
    for (name, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
        out.push_str(&format!("{name}={}&", utf8_percent_encode(value, NON_ALPHANUMERIC)));
    }
    out
}

/// One field of a filter.
pub(crate) enum Choice<'a> {
    /// A line of text.
    Text { name: &'a str, label: &'a str, value: &'a str },
    /// A day.
    Day { name: &'a str, label: &'a str, value: &'a str },
    /// One of several: value and text.
    One { name: &'a str, label: &'a str, value: &'a str, options: &'a [(&'a str, &'a str)] },
}

impl Choice<'_> {
    fn is_used(&self) -> bool {
        let (Self::Text { value, .. } | Self::Day { value, .. } | Self::One { value, .. }) = self;
        !value.is_empty()
    }
}

/// A filter in one line: a GET form, so that its answer has an address.
/// Folds on a phone as long as nothing is chosen.
pub(crate) fn filter(tr: &Tr, action: &str, choices: &[Choice<'_>]) -> Html {
    let used = if choices.iter().any(Choice::is_used) { " used" } else { "" };
    let mut out =
        format!("<details class=\"filters{used}\" open><summary>{}</summary>", t::filter_fold(tr));
    out.push_str(&format!("<form class=\"filter\" method=\"get\" action=\"{}\">", escape(action)));
    for choice in choices {
        out.push_str(&field(choice));
    }
    out.push_str(&format!("<button>{}</button></form></details>", t::db_show(tr)));
    Html::trusted(out)
}

fn field(choice: &Choice<'_>) -> String {
    match choice {
        Choice::Text { name, label, value } => format!(
            "<label>{} <input type=\"search\" name=\"{name}\" value=\"{}\"></label>",
            escape(label),
            escape(value)
        ),
        Choice::Day { name, label, value } => format!(
            "<label>{} <input type=\"date\" name=\"{name}\" value=\"{}\"></label>",
            escape(label),
            escape(value)
        ),
        Choice::One { name, label, value, options } => {
            let options: String = options
                .iter()
                .map(|(key, text)| {
                    let chosen = if key == value { " selected" } else { "" };
                    format!("<option value=\"{key}\"{chosen}>{}</option>", escape(text))
                })
                .collect();
            format!("<label>{} <select name=\"{name}\">{options}</select></label>", escape(label))
        }
    }
}

/// The beginning of a day `2026-11-22`, or a moment `2026-11-22T14:30`, in the reader's zone,
/// `days` later.
pub(crate) fn moment(view: &super::view::View, text: &str, days: i64) -> Option<WallTime> {
    let whole = if text.contains('T') { text.to_owned() } else { format!("{text}T00:00") };
    let local: DateTime = whole.parse().ok()?;
    let later = local.checked_add(jiff::Span::new().days(days)).ok()?;
    let zoned = later.to_zoned(view.tr().zone().clone()).ok()?;
    Some(WallTime(zoned.timestamp().as_microsecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_value_is_decoded_once() {
        assert_eq!(query_value("a=1&q=%D0%A6%D0%9E%D0%9D+2&x=", "q"), "ЦОН 2");
        assert_eq!(query_value("q=%2520", "q"), "%20");
        assert_eq!(query_value("", "q"), "");
    }

    #[test]
    fn an_address_carries_only_what_was_chosen() {
        assert_eq!(address("/outages", &[("state", "open"), ("from", "")]), "/outages?state=open&");
    }
}

//! What was typed into a form.

use std::collections::BTreeMap;
use std::str::FromStr;

use ets_model::Names;

/// The answers by the name of their field.
pub(super) type Answers = BTreeMap<String, String>;

/// One answer without blanks around it; empty where there is none.
pub(super) fn given<'a>(answers: &'a Answers, name: &str) -> &'a str {
    answers.get(name).map_or("", |text| text.trim())
}

/// One name in three languages, from the fields of these names.
pub(super) fn names(answers: &Answers, [kk, ru, en]: [&str; 3]) -> Names {
    let text = |name| given(answers, name).to_owned();
    Names { kk: text(kk), ru: text(ru), en: text(en) }
}

/// Values parted by these characters; and what is none.
pub(super) fn parts<T: FromStr>(text: &str, between: &[char]) -> (Vec<T>, Vec<String>) {
    let mut unread = Vec::new();
    let parts = text.split(between).map(str::trim).filter(|part| !part.is_empty());
    let read = |part: &str| part.parse().map_err(|_| unread.push(part.to_owned())).ok();
    (parts.filter_map(read).collect(), unread)
}

/// Between addresses, ports and the like.
pub(super) const BLANKS: &[char] = &[' ', ',', ';', '\n', '\r', '\t'];

#[cfg(test)]
mod tests {
    use ets_model::PortRange;

    use super::*;

    /// covers: N2.3
    #[test]
    fn values_are_parted_by_whatever_people_write_between_them() {
        let (ports, unread) = parts::<PortRange>("tcp/25, udp/53\r\nicmp;sctp/1", BLANKS);
        assert_eq!(ports.len(), 3);
        assert_eq!(unread, ["sctp/1"]);
    }
}

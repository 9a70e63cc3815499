//! Limits and rates of one segment: the questions, the answers, and the edits they make.

use ets_i18n::{Tr, t};
use ets_model::{Limits, Rate, Segment};
use ets_rules::{Edit, Rights, Shaping};
use ets_web::html::escape;

use super::super::view::View;
use super::limits::{not_a_limit, number, questions, shown};
use super::names;

/// As much as the registry takes for the rate of a channel.
const MOST_KBPS: u64 = 1_000_000_000;

/// The answers about one segment: limits like all or its own, shaped or not.
#[derive(Default)]
pub(super) struct Numbers {
    own: bool,
    shape: String,
    texts: Vec<(String, String)>,
    /// The fields that hold no number.
    pub wrong: Vec<&'static str>,
}

impl Numbers {
    /// As the rights have it.
    pub(super) fn of(rights: &Rights, segment: &Segment) -> Self {
        let limits = rights.limits_of(&segment.id);
        let shaped = rights.shaped.get(&segment.id);
        let rate = match shaped {
            Some(Shaping::Own(rate)) => *rate,
            _ => Rate::default(),
        };
        let texts = [
            ("connections", shown(limits.connections)),
            ("new_connections", shown(limits.new_connections)),
            ("packets", shown(limits.packets)),
            ("down_kbps", shown(rate.down_kbps)),
            ("up_kbps", shown(rate.up_kbps)),
        ];
        let shape = match shaped {
            None => "none",
            Some(Shaping::Contract) => "contract",
            Some(Shaping::Own(_)) => "own",
        };
        Self {
            own: rights.own_limits.contains_key(&segment.id),
            shape: shape.to_owned(),
            texts: texts.map(|(name, value)| (name.to_owned(), value)).into(),
            wrong: Vec::new(),
        }
    }

    /// As the form sent it.
    pub(super) fn read(sent: &[(String, String)]) -> Self {
        let mut numbers = Self { texts: sent.to_vec(), ..Self::default() };
        numbers.own = numbers.text("limits") == "own";
        numbers.shape = numbers.text("shape").to_owned();
        numbers
    }

    fn text(&self, name: &str) -> &str {
        self.texts.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    fn number<T: std::str::FromStr + Default>(&mut self, name: &'static str) -> T {
        let read = number(self.text(name));
        if read.is_none() {
            self.wrong.push(name);
        }
        read.unwrap_or_default()
    }

    fn rate(&mut self, name: &'static str) -> u64 {
        let rate = self.number(name);
        if rate > MOST_KBPS {
            self.wrong.push(name);
        }
        rate
    }

    /// What is different from the rights; what is no number is noted.
    pub(super) fn edits(&mut self, rights: &Rights, segment: &Segment) -> Vec<Edit> {
        let limits = self.own.then(|| Limits {
            connections: self.number("connections"),
            new_connections: self.number("new_connections"),
            packets: self.number("packets"),
        });
        let to = match self.shape.as_str() {
            "contract" => Some(Shaping::Contract),
            "own" => Some(Shaping::Own(Rate {
                down_kbps: self.rate("down_kbps"),
                up_kbps: self.rate("up_kbps"),
            })),
            _ => None,
        };
        if to == Some(Shaping::Own(Rate::default())) && self.wrong.is_empty() {
            self.wrong.push("down_kbps");
        }
        let id = || segment.id.clone();
        let mut edits = Vec::new();
        if rights.own_limits.get(&segment.id).copied() != limits {
            edits.push(Edit::Limits { segment: Some(id()), limits });
        }
        if rights.shaped.get(&segment.id).copied() != to {
            edits.push(Edit::Shape { segment: id(), to });
        }
        edits
    }
}

/// What is said of a number that is none.
fn fault(tr: &Tr, name: &str) -> String {
    match name {
        "down_kbps" | "up_kbps" => t::rules_number_wrong(tr, tr.number(MOST_KBPS as i64)),
        _ => not_a_limit(tr),
    }
}

/// What is wrong, above the form, with links to the fields.
pub(super) fn summary(tr: &Tr, numbers: &Numbers) -> String {
    if numbers.wrong.is_empty() {
        return String::new();
    }
    let lines: String = numbers
        .wrong
        .iter()
        .map(|name| format!("<li><a href=\"#f-{name}\">{}</a></li>", escape(&fault(tr, name))))
        .collect();
    format!(
        "<div class=\"errors\" role=\"alert\" tabindex=\"-1\" data-focus><h2>{}</h2><ul>{lines}</ul></div>",
        t::form_errors(tr, numbers.wrong.len())
    )
}

/// The questions about limits and rates of one segment.
pub(super) fn fields(view: &View, rights: &Rights, segment: &Segment, numbers: &Numbers) -> String {
    let tr = view.tr();
    let all = names::limits(tr, rights.limits);
    let channel = &segment.channel;
    let contract = names::rate(tr, Rate { down_kbps: channel.down_kbps, up_kbps: channel.up_kbps });
    let mut out = group(
        t::rules_limits(tr),
        "limits",
        if numbers.own { "own" } else { "all" },
        &[("all", t::rules_limits_like_all(tr), &all), ("own", t::rules_limits_of_its_own(tr), "")],
    );
    for (name, label) in questions(tr) {
        out.push_str(&field(tr, numbers, name, label));
    }
    out.push_str(&group(
        t::rules_shaping(tr),
        "shape",
        &numbers.shape,
        &[
            ("none", t::rules_shape_none(tr), ""),
            ("contract", t::rules_shape_by_contract(tr), &contract),
            ("own", t::rules_shape_own(tr), ""),
        ],
    ));
    out.push_str(&field(tr, numbers, "down_kbps", t::rules_rate_down(tr)));
    out.push_str(&field(tr, numbers, "up_kbps", t::rules_rate_up(tr)));
    out
}

fn group(title: &str, name: &str, chosen: &str, options: &[(&str, &str, &str)]) -> String {
    let mut out = format!("<fieldset class=\"field\"><legend>{}</legend>", escape(title));
    for (value, text, help) in options {
        let checked = if *value == chosen { " checked" } else { "" };
        let help = if help.is_empty() {
            String::new()
        } else {
            format!("<small>{}</small>", escape(help))
        };
        out.push_str(&format!(
            "<div class=\"radio\"><input type=\"radio\" id=\"{name}-{value}\" name=\"{name}\" \
             value=\"{value}\"{checked}><label for=\"{name}-{value}\">{}{help}</label></div>",
            escape(text)
        ));
    }
    out.push_str("</fieldset>");
    out
}

fn field(tr: &Tr, numbers: &Numbers, name: &'static str, label: &str) -> String {
    let wrong = numbers.wrong.contains(&name);
    let (class, more, told) = if wrong {
        let told = format!("<p class=\"error\" id=\"e-{name}\">{}</p>", escape(&fault(tr, name)));
        (" wrong", format!(" aria-invalid=\"true\" aria-describedby=\"e-{name}\""), told)
    } else {
        ("", String::new(), String::new())
    };
    format!(
        "<div class=\"field part{class}\"><label for=\"f-{name}\">{}</label>\
         <input type=\"text\" inputmode=\"numeric\" class=\"short\" id=\"f-{name}\" name=\"{name}\" \
         value=\"{}\"{more}>{told}</div>",
        escape(label),
        escape(numbers.text(name))
    )
}

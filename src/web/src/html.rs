//! Markup that is known to be safe.

use std::fmt::{self, Display, Write as _};

/// Finished markup. Text enters it escaped; only code writes tags.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Html(String);

impl Html {
    /// Markup written by code. The caller has escaped every foreign text in it.
    #[must_use]
    pub fn trusted(markup: impl Into<String>) -> Self {
        Self(markup.into())
    }

    /// A text, escaped.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self(escape(text).to_string())
    }

    /// What an askama template renders to; its own escaping has made it safe.
    #[must_use]
    pub fn template(template: &impl askama::Template) -> Self {
        Self(template.render().expect("writing a template to memory cannot fail"))
    }

    /// A link with a text.
    #[must_use]
    pub fn link(href: &str, text: &str) -> Self {
        Self(format!("<a href=\"{}\">{}</a>", escape(href), escape(text)))
    }

    /// A text in the monospaced face: an address, a serial number, a log line.
    #[must_use]
    pub fn code(text: &str) -> Self {
        Self(format!("<code>{}</code>", escape(text)))
    }

    /// Appends more markup.
    pub fn push(&mut self, more: &Self) {
        self.0.push_str(&more.0);
    }

    /// This markup followed by more.
    #[must_use]
    pub fn then(mut self, more: &Self) -> Self {
        self.push(more);
        self
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The markup.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The markup.
    #[must_use]
    pub fn into_string(self) -> String {
        self.0
    }
}

impl Display for Html {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl askama::FastWritable for Html {
    fn write_into(&self, dest: &mut dyn fmt::Write, _: &dyn askama::Values) -> askama::Result<()> {
        Ok(dest.write_str(&self.0)?)
    }
}

impl askama::filters::HtmlSafe for Html {}

impl From<&str> for Html {
    /// A text, escaped.
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

impl From<String> for Html {
    /// A text, escaped.
    fn from(text: String) -> Self {
        Self::text(&text)
    }
}

impl FromIterator<Self> for Html {
    fn from_iter<I: IntoIterator<Item = Self>>(parts: I) -> Self {
        let mut all = Self::default();
        for part in parts {
            all.push(&part);
        }
        all
    }
}

/// Writes a text with the five special characters escaped; good in text and in quoted attributes.
#[must_use]
pub fn escape(text: &str) -> Escaped<'_> {
    Escaped(text)
}

/// The writer of [`escape`].
#[derive(Clone, Copy, Debug)]
pub struct Escaped<'a>(&'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        while let Some(at) = rest.find(['&', '<', '>', '"', '\'']) {
            let (plain, special) = rest.split_at(at);
            f.write_str(plain)?;
            f.write_str(match special.as_bytes()[0] {
                b'&' => "&amp;",
                b'<' => "&lt;",
                b'>' => "&gt;",
                b'"' => "&quot;",
                _ => "&#39;",
            })?;
            rest = &special[1..];
        }
        f.write_str(rest)
    }
}

/// `write!` into markup that cannot fail.
pub(crate) fn write_to(out: &mut String, args: fmt::Arguments<'_>) {
    out.write_fmt(args).expect("writing to memory cannot fail");
}

macro_rules! put {
    ($out:expr, $($format:tt)*) => { $crate::html::write_to(&mut $out, format_args!($($format)*)) };
}
pub(crate) use put;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_never_becomes_markup() {
        let html = Html::link("/?a=1&b=\"2\"", "<script>'");
        assert_eq!(html.as_str(), "<a href=\"/?a=1&amp;b=&quot;2&quot;\">&lt;script&gt;&#39;</a>");
    }
}

//! The translator: a language and a time zone, and the texts in that language.

use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::types::FluentNumber;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use jiff::tz::TimeZone;
use unic_langid::LanguageIdentifier;

use crate::{Arg, Lang, number};

/// The name of a message; made by the build script only, so that it exists in every language.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key(pub(crate) u16);

impl Key {
    /// The message of this name, where it is only known at run time: the code of a rule, an
    /// action of the journal. `None` when there is no such message.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let at = crate::NAMES.binary_search(&name).ok()?;
        u16::try_from(at).ok().map(Self)
    }
}

/// Speaks one language in one time zone. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Tr {
    lang: Lang,
    zone: TimeZone,
}

impl Tr {
    /// A translator.
    #[must_use]
    pub fn new(lang: Lang, zone: TimeZone) -> Self {
        Self { lang, zone }
    }

    /// Its language.
    #[must_use]
    pub fn lang(&self) -> Lang {
        self.lang
    }

    /// Its time zone.
    #[must_use]
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The text of a message without arguments; of one with arguments, the empty text.
    #[must_use]
    pub fn get(&self, key: Key) -> &'static str {
        crate::TEXTS[usize::from(key.0)][self.lang as usize]
    }

    /// The text of a message with its arguments. Prefer the functions of [`crate::t`], which
    /// know the arguments by name.
    #[must_use]
    pub fn with<'a>(
        &self,
        key: Key,
        args: impl IntoIterator<Item = (&'static str, Arg<'a>)>,
    ) -> String {
        let bundle = &BUNDLES[self.lang as usize];
        let name = crate::NAMES[usize::from(key.0)];
        let Some(pattern) = bundle.get_message(name).and_then(|message| message.value()) else {
            return name.to_owned();
        };
        let mut values = FluentArgs::new();
        for (name, value) in args {
            values.set(name, value);
        }
        let mut errors = Vec::new();
        bundle.format_pattern(pattern, Some(&values), &mut errors).into_owned()
    }
}

static BUNDLES: LazyLock<[FluentBundle<FluentResource>; 3]> =
    LazyLock::new(|| Lang::ALL.map(bundle));

fn bundle(lang: Lang) -> FluentBundle<FluentResource> {
    let id: LanguageIdentifier = lang.code().parse().expect("our codes are BCP 47 codes");
    let mut bundle = FluentBundle::new_concurrent(vec![id]);
    bundle.set_use_isolating(false);
    bundle.set_formatter(Some(if lang == Lang::En { format_english } else { format_cyrillic }));
    for source in crate::SOURCES[lang as usize] {
        let resource = FluentResource::try_new((*source).to_owned())
            .expect("the build script has parsed every file");
        bundle.add_resource(resource).expect("the build script has refused double keys");
    }
    bundle
}

fn format_english<M>(value: &FluentValue<'_>, _: &M) -> Option<String> {
    format_number(value, Lang::En)
}

fn format_cyrillic<M>(value: &FluentValue<'_>, _: &M) -> Option<String> {
    format_number(value, Lang::Ru)
}

fn format_number(value: &FluentValue<'_>, lang: Lang) -> Option<String> {
    let FluentValue::Number(FluentNumber { value, options }) = value else { return None };
    let digits = options.minimum_fraction_digits.unwrap_or(usize::from(value.fract() != 0.0));
    Some(number::decimal(lang, *value, digits))
}

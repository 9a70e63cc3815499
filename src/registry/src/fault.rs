//! Everything that can be wrong with an entry of the registry, one [`Rule`] each, with what is
//! wrong and what to do about it.

use std::fmt;

use ipnet::IpNet;
use serde::Serialize;

use crate::Field;

/// Where a rule can be broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// In a CSV file.
    Csv,
    /// Only by page, API or command line.
    Form,
    /// Only a warning: the entry is taken all the same.
    Warning,
}

macro_rules! rules {
    ($($(#[$doc:meta])* $name:ident { $($field:ident : $kind:ty),* } $code:literal $scope:ident
        $message:literal => $remedy:literal;)*) => {
        /// A rule of the registry and what broke it.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
        #[serde(tag = "rule", rename_all = "snake_case")]
        #[allow(missing_docs)]
        pub enum Rule {
            $($(#[$doc])* $name { $($field: $kind),* },)*
        }

        impl Rule {
            /// The codes of all rules and where each can be broken.
            pub const CODES: &'static [(&'static str, Scope)] = &[$(($code, Scope::$scope),)*];

            /// The rule's stable name, for translations and machines.
            pub fn code(&self) -> &'static str {
                match self { $(Self::$name { .. } => $code,)* }
            }

            /// Where the rule can be broken.
            pub fn scope(&self) -> Scope {
                match self { $(Self::$name { .. } => Scope::$scope,)* }
            }

            /// What is wrong, in English.
            #[allow(unused_variables, clippy::useless_format)]
            pub fn message(&self) -> String {
                match self { $(Self::$name { $($field),* } => format!($message),)* }
            }

            /// What to do, in English.
            #[allow(unused_variables, clippy::useless_format)]
            pub fn remedy(&self) -> String {
                match self { $(Self::$name { $($field),* } => format!($remedy),)* }
            }

            /// The values that [`Self::message`] and [`Self::remedy`] speak of, by name, for
            /// texts in other languages.
            pub fn args(&self) -> Vec<(&'static str, String)> {
                match self {
                    $(Self::$name { $($field),* } => vec![$((stringify!($field), $field.to_string())),*],)*
                }
            }
        }
    };
}

rules! {
    /// The file's bytes are no UTF-8.
    NotUtf8 { byte: u8, likely: &'static str } "not_utf8" Csv
        "the file is not UTF-8 but probably {likely}: it has the byte 0x{byte:02x} here"
        => "open it in the spreadsheet program and save it again as \"CSV UTF-8\" (in LibreOffice: character set Unicode (UTF-8))";
    /// Nothing is in the file.
    EmptyFile { } "empty_file" Csv
        "the file has no heading"
        => "put the names of the columns into the first line; an export shows them";
    /// A heading without rows.
    NoRows { } "no_rows" Csv
        "the file has a heading but no rows"
        => "add a line for each segment";
    /// The file is larger than an import may be.
    TooLarge { limit: usize } "too_large" Form
        "the file is larger than {limit} bytes"
        => "split it into several files";
    /// A quoted field without an end.
    QuoteOpen { } "quote_open" Csv
        "a quoted field begins here and never ends"
        => "close it with \", and write \"\" for a quote inside it";
    /// Text beside a quoted field.
    QuoteStray { } "quote_stray" Csv
        "a quote stands inside or beside the text of a field"
        => "put the whole field into quotes and write \"\" for a quote inside it";
    /// A heading that names no column.
    UnknownColumn { name: String, nearest: String } "unknown_column" Csv
        "there is no column \"{name}\""
        => "correct its name or take the column out; the nearest one is \"{nearest}\"";
    /// A column is not there.
    MissingColumn { name: String } "missing_column" Csv
        "the column \"{name}\" is missing"
        => "add it to the first line, and its value to each of the others";
    /// A column twice.
    RepeatedColumn { name: String, first: usize } "repeated_column" Csv
        "the column \"{name}\" stands twice, first as column {first}"
        => "take one of them out";
    /// A row with too many or too few fields.
    FieldCount { found: usize, expected: usize } "field_count" Csv
        "this line has {found} fields, the heading has {expected}"
        => "look for a missing or stray separator, and put fields that contain one into quotes";
    /// A required field is empty.
    Required { field: Field } "required" Csv
        "the field is empty"
        => "fill it in";
    /// A text is longer than allowed.
    TooLong { length: usize, limit: usize } "too_long" Csv
        "the text has {length} characters, more than {limit}"
        => "shorten it";
    /// A control character in a text.
    ControlCharacter { code: String } "control_character" Csv
        "the text contains the control character {code}"
        => "take it out";
    /// No identifier.
    IdSyntax { id: String } "id_syntax" Csv
        "\"{id}\" is no identifier"
        => "use 1 to 48 of a-z, 0-9 and '-', starting with a letter or digit";
    /// The same identifier twice in one file.
    IdRepeated { id: String, line: u64 } "id_repeated" Csv
        "{id} stands in line {line} already"
        => "take one of the two lines out or give it an identifier of its own";
    /// The identifier belongs to a retired entry.
    IdRetired { id: String } "id_retired" Csv
        "{id} belongs to a retired segment"
        => "restore that segment or use another identifier";
    /// The identifier is taken.
    IdTaken { id: String } "id_taken" Form
        "{id} is taken"
        => "use another identifier, or change the existing entry";
    /// Not one name in any language.
    NameMissing { } "name_missing" Csv
        "no name is given in any language"
        => "give it in at least one of name_kk, name_ru, name_en";
    /// No institution of this identifier.
    InstitutionUnknown { id: String } "institution_unknown" Csv
        "there is no institution {id}"
        => "fill in its name in this line, or correct the identifier";
    /// Two rows tell different things of one institution.
    InstitutionDiffers { id: String, line: u64 } "institution_differs" Csv
        "the institution {id} is given differently in line {line}"
        => "make the two the same, or leave all fields of the institution empty in one of them";
    /// No provider point of this identifier.
    ParentUnknown { id: String } "parent_unknown" Csv
        "there is no provider point {id}"
        => "enter the provider point first, or leave the field empty";
    /// No prefix.
    PrefixSyntax { prefix: String } "prefix_syntax" Csv
        "\"{prefix}\" is no prefix"
        => "write an address and a length, such as 10.10.7.0/24 or fd00:7::/64";
    /// Bits beyond the prefix length are set.
    PrefixHostBits { prefix: IpNet, network: IpNet } "prefix_host_bits" Csv
        "{prefix} has bits set beyond its length"
        => "write {network} if that is the network";
    /// A prefix that cannot belong to a segment.
    PrefixSpecial { prefix: IpNet } "prefix_special" Csv
        "{prefix} cannot belong to a segment: it is everything, multicast, loopback or link-local"
        => "write the segment's own network";
    /// A prefix twice in one segment, or inside another of its own.
    PrefixRepeated { prefix: IpNet, other: IpNet } "prefix_repeated" Csv
        "{prefix} and {other} of the same segment overlap"
        => "keep the wider one only";
    /// The prefixes of two segments overlap.
    PrefixOverlap { prefix: IpNet, other: IpNet, id: String, name: String, other_id: String, other_name: String }
        "prefix_overlap" Csv
        "{prefix} of {id} ({name}) overlaps {other} of {other_id} ({other_name})"
        => "correct one of the two; addresses belong to one segment only";
    /// A prefix that overlaps a network of the hub itself.
    PrefixOfHub { prefix: IpNet, other: IpNet, id: String, name: String, network: String }
        "prefix_of_hub" Csv
        "{prefix} of {id} ({name}) overlaps {other} of the hub's own network \"{network}\""
        => "write the segment's own network; those of the hub stand in hub.toml";
    /// No address.
    AddressSyntax { address: String } "address_syntax" Csv
        "\"{address}\" is no IP address"
        => "write it as 10.10.7.1 or fd00:7::1, without a length";
    /// No hardware address.
    HardwareSyntax { hardware: String } "hardware_syntax" Csv
        "\"{hardware}\" is no hardware address"
        => "write six pairs of hexadecimal digits, 02:45:54:00:00:01, or leave it empty";
    /// An address that no host has.
    AddressSpecial { address: String } "address_special" Csv
        "{address} is the address of no single host"
        => "write the address of the segment's router";
    /// Two segments are probed at one address.
    AddressTaken { address: String, other_id: String, other_name: String } "address_taken" Csv
        "{address} is probed for {other_id} ({other_name}) already"
        => "give each segment an address of its own";
    /// The probed address lies in another segment.
    AddressForeign { address: String, other: IpNet, other_id: String, other_name: String } "address_foreign" Csv
        "{address} lies in {other} of {other_id} ({other_name})"
        => "write an address of this segment or of the link towards it";
    /// The probed address lies in none of the segment's prefixes.
    AddressOutside { address: String } "address_outside" Warning
        "{address} lies in none of the segment's prefixes"
        => "leave it if it is the router's address on the link; correct it otherwise";
    /// No method of probing.
    MethodSyntax { method: String } "method_syntax" Csv
        "\"{method}\" is no way of probing"
        => "write icmp, or tcp: and a port such as tcp:443";
    /// No whole number.
    NumberSyntax { number: String } "number_syntax" Csv
        "\"{number}\" is no whole number"
        => "write digits only, in kbit/s, or leave the field empty when the rate is not known";
    /// A number out of its range.
    NumberRange { number: u64, limit: u64 } "number_range" Csv
        "{number} is more than {limit}"
        => "write the rate in kbit/s";
    /// No name of an interface.
    InterfaceSyntax { interface: String } "interface_syntax" Csv
        "\"{interface}\" is no name of an interface"
        => "use 1 to 15 characters without spaces, '/' and ':', as `ip link` shows it";
    /// The hub has no such port now.
    InterfaceMissing { interface: String } "interface_missing" Form
        "the hub has no port \"{interface}\" now"
        => "leave it if the port comes later, the segment is unknown until then; correct it otherwise";
    /// No degree of criticality.
    CriticalitySyntax { criticality: String } "criticality_syntax" Csv
        "\"{criticality}\" is no degree of criticality"
        => "write normal or critical";
    /// No name of credentials.
    CredentialSyntax { } "credential_syntax" Csv
        "this is no name of credentials"
        => "write the name that the configuration gives them, never the secret itself";
    /// Segments still name what is to be removed.
    InUse { id: String, segments: String } "in_use" Form
        "{id} is still named by {segments}"
        => "move those segments first";
    /// Not retired, so nothing to restore.
    NotRetired { id: String } "not_retired" Form
        "{id} is not retired"
        => "nothing is to be done";
    /// A picture of a kind that is not taken.
    PhotoKind { } "photo_kind" Form
        "the file is no JPEG, PNG or WebP picture"
        => "save the photograph as JPEG";
    /// A picture that is too large.
    PhotoSize { bytes: usize, limit: usize } "photo_size" Form
        "the picture has {bytes} bytes, more than {limit}"
        => "make it smaller";
}

/// One rule broken in one place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The line of the file, from 1; `None` where there is no file.
    pub line: Option<u64>,
    /// The number of the field in its line, from 1; `None` for the whole line.
    pub column: Option<usize>,
    /// Which field, where it is one.
    pub field: Option<Field>,
    /// What stood there.
    pub value: String,
    /// What is wrong.
    pub rule: Box<Rule>,
}

impl Fault {
    /// A fault in a field of a form.
    pub(crate) fn of(field: Field, value: impl Into<String>, rule: impl Into<Box<Rule>>) -> Self {
        Self {
            line: None,
            column: None,
            field: Some(field),
            value: value.into(),
            rule: rule.into(),
        }
    }

    /// See [`Rule::code`].
    pub fn code(&self) -> &'static str {
        self.rule.code()
    }

    /// See [`Rule::message`].
    pub fn message(&self) -> String {
        self.rule.message()
    }

    /// See [`Rule::remedy`].
    pub fn remedy(&self) -> String {
        self.rule.remedy()
    }

    /// Whether the entry is taken all the same.
    pub fn is_warning(&self) -> bool {
        self.rule.scope() == Scope::Warning
    }

    /// `file:line:column: field: what is wrong; what to do`.
    pub fn in_file(&self, file: &str) -> String {
        format!("{file}:{self}")
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "{line}:{}: ", self.column.unwrap_or(1))?;
        }
        if let Some(field) = self.field {
            write!(f, "{field}: ")?;
        }
        write!(f, "{}; {}", self.rule.message(), self.rule.remedy())
    }
}

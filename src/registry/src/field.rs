//! The fields of a segment as a person fills them in: the columns of the CSV file and the fields
//! of the form, in one order and under one name.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! fields {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// One field of a row. Its name is the column's heading and never changes.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Field {
            $($(#[$doc])* $name,)*
        }

        impl Field {
            /// All fields, in the order of the columns.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The heading of the column.
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

fields! {
    /// The segment's identifier.
    Id = "id",
    /// The institution's identifier.
    Institution = "institution",
    /// The institution's name in Kazakh.
    NameKk = "name_kk",
    /// The institution's name in Russian.
    NameRu = "name_ru",
    /// The institution's name in English.
    NameEn = "name_en",
    /// What the institution is.
    Kind = "kind",
    /// Which budget pays for it.
    BudgetLevel = "budget_level",
    /// Its district or city.
    District = "district",
    /// Its postal address.
    Address = "address",
    /// Who heads it.
    Head = "head",
    /// Whom to call.
    Duty = "duty",
    /// The segment's short name in Kazakh.
    LabelKk = "label_kk",
    /// The segment's short name in Russian.
    LabelRu = "label_ru",
    /// The segment's short name in English.
    LabelEn = "label_en",
    /// The segment's prefixes, separated by spaces.
    Prefixes = "prefixes",
    /// The hub's interface towards the segment.
    Interface = "interface",
    /// The address that is probed.
    ProbeAddress = "probe_address",
    /// `icmp` or `tcp:PORT`.
    Method = "method",
    /// The channel's provider.
    Provider = "provider",
    /// The channel's technology.
    Technology = "technology",
    /// Contracted rate towards the segment, kbit/s.
    DownKbps = "down_kbps",
    /// Contracted rate from the segment, kbit/s.
    UpKbps = "up_kbps",
    /// Number of the contract.
    Contract = "contract",
    /// The router's management address.
    RouterManagement = "router_management",
    /// Name of the router's SNMP credentials.
    RouterSnmp = "router_snmp",
    /// The provider point that the segment shares with others.
    Parent = "parent",
    /// `normal` or `critical`.
    Criticality = "criticality",
    /// Free notes.
    Notes = "notes",
    /// The router's hardware address on a shared link.
    RouterHardware = "router_hardware",
}

impl Field {
    /// The number of the column, from 1, in a file with the columns in their own order.
    pub fn number(self) -> usize {
        self as usize + 1
    }

    /// The field with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|field| field.name() == name)
    }

    /// Whether it belongs to the institution and is the same for all its segments.
    pub fn is_of_institution(self) -> bool {
        (Self::NameKk..=Self::Duty).contains(&self)
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

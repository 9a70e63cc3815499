//! A certificate as the authority keeps it.

use ets_model::WallTime;

use crate::Serial;

/// Where a certificate is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Written down, and not known to be signed.
    Intended,
    /// It opens what its owner may.
    Active,
    /// It opens nothing until the suspension ends: RFC 5280's certificateHold.
    Suspended,
    /// It never opens anything again.
    Revoked,
}

impl State {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Intended, Self::Active, Self::Suspended, Self::Revoked];

    /// Its name in the database and in the API.
    pub fn code(self) -> &'static str {
        match self {
            Self::Intended => "intended",
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Revoked => "revoked",
        }
    }
}

/// Why a certificate is revoked (RFC 5280, section 5.3.1). The hold is [`State::Suspended`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// None was given.
    Unspecified,
    /// The token is lost, stolen or broken into.
    KeyCompromise,
    /// The person moved to another office or has another name.
    AffiliationChanged,
    /// Another certificate takes its place.
    Superseded,
    /// It is not needed any more.
    CessationOfOperation,
    /// The person may no longer do what it stands for.
    PrivilegeWithdrawn,
}

impl Reason {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Unspecified,
        Self::KeyCompromise,
        Self::AffiliationChanged,
        Self::Superseded,
        Self::CessationOfOperation,
        Self::PrivilegeWithdrawn,
    ];

    /// Its name in RFC 5280.
    pub fn code(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::KeyCompromise => "keyCompromise",
            Self::AffiliationChanged => "affiliationChanged",
            Self::Superseded => "superseded",
            Self::CessationOfOperation => "cessationOfOperation",
            Self::PrivilegeWithdrawn => "privilegeWithdrawn",
        }
    }

    /// Its number in RFC 5280.
    pub(crate) fn number(self) -> u8 {
        match self {
            Self::Unspecified => 0,
            Self::KeyCompromise => 1,
            Self::AffiliationChanged => 3,
            Self::Superseded => 4,
            Self::CessationOfOperation => 5,
            Self::PrivilegeWithdrawn => 9,
        }
    }

    /// The reason of this name, in whatever capitals.
    pub fn read(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.code().eq_ignore_ascii_case(code))
    }
}

/// One certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its serial number.
    pub serial: Serial,
    /// The issuing authority's distinguished name in DER.
    pub issuer: Vec<u8>,
    /// The name of its profile.
    pub profile: String,
    /// Whom it is for (RFC 4514).
    pub subject: String,
    /// DNS names and addresses.
    pub names: Vec<String>,
    /// From when it is valid.
    pub not_before: WallTime,
    /// Until when.
    pub not_after: WallTime,
    /// In PEM; empty where it was never signed, as far as is known.
    pub certificate: String,
    /// Where it is in its life.
    pub state: State,
    /// Since when.
    pub since: WallTime,
    /// Why it is revoked.
    pub reason: Option<Reason>,
}

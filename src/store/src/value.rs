//! What goes into a statement and what comes out of a row, the same for both databases.

use std::fmt;

/// The four types that both databases know alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Type {
    /// 64-bit signed: INTEGER on SQLite, BIGINT on PostgreSQL. Also times (microseconds UTC),
    /// money (minor units) and flags (0, 1).
    Int,
    /// 64-bit floating point: REAL, DOUBLE PRECISION.
    Real,
    /// UTF-8 text: TEXT.
    Text,
    /// Bytes: BLOB, BYTEA.
    Blob,
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Int => "integer",
            Self::Real => "real",
            Self::Text => "text",
            Self::Blob => "blob",
        })
    }
}

/// One bound parameter or one field of a row.
#[derive(Clone, PartialEq)]
pub enum Value {
    /// No value. PostgreSQL wants to know of which type; `Option<T>` converts by itself.
    Null(Type),
    /// See [`Type::Int`].
    Int(i64),
    /// See [`Type::Real`].
    Real(f64),
    /// See [`Type::Text`].
    Text(String),
    /// See [`Type::Blob`].
    Blob(Vec<u8>),
}

impl Value {
    /// Its type.
    pub fn kind(&self) -> Type {
        match self {
            Self::Null(kind) => *kind,
            Self::Int(_) => Type::Int,
            Self::Real(_) => Type::Real,
            Self::Text(_) => Type::Text,
            Self::Blob(_) => Type::Blob,
        }
    }

    /// Whether it is no value.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null(_))
    }

    pub(crate) fn describe(&self) -> &'static str {
        match self {
            Self::Null(_) => "null",
            Self::Int(_) => "integer",
            Self::Real(_) => "real",
            Self::Text(_) => "text",
            Self::Blob(_) => "blob",
        }
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null(kind) => write!(f, "null {kind}"),
            Self::Int(value) => write!(f, "{value}"),
            Self::Real(value) => write!(f, "{value}"),
            Self::Text(value) => write!(f, "{value:?}"),
            Self::Blob(value) => write!(f, "blob of {} bytes", value.len()),
        }
    }
}

/// A Rust type that has one [`Type`] in the database, so that its absence is a typed null.
pub trait Typed: Into<Value> {
    /// That type.
    const TYPE: Type;
}

macro_rules! typed {
    ($($rust:ty => $kind:ident, |$value:ident| $into:expr;)*) => {$(
        impl From<$rust> for Value {
            fn from($value: $rust) -> Self {
                Self::$kind($into)
            }
        }

        impl Typed for $rust {
            const TYPE: Type = Type::$kind;
        }
    )*};
}

typed! {
    i64 => Int, |value| value;
    i32 => Int, |value| i64::from(value);
    u32 => Int, |value| i64::from(value);
    u16 => Int, |value| i64::from(value);
    u8 => Int, |value| i64::from(value);
    bool => Int, |value| i64::from(value);
    f64 => Real, |value| value;
    String => Text, |value| value;
    &String => Text, |value| value.clone();
    &str => Text, |value| value.to_owned();
    Vec<u8> => Blob, |value| value;
    &[u8] => Blob, |value| value.to_vec();
}

impl<T: Typed> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null(T::TYPE), Into::into)
    }
}

/// The parameters of a statement: `values![segment, name.as_str(), None::<i64>]`.
#[macro_export]
macro_rules! values {
    ($($value:expr),* $(,)?) => { [$($crate::Value::from($value)),*] };
}

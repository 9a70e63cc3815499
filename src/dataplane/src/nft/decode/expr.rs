//! Expressions, read. An attribute that we never write makes the whole expression unknown.

use crate::nft::ir::{CtKey, Each, Expr, Header, Limit, LookupTo, Reg, Verdict};
use crate::nft::numbers::{self, VERDICT_REGISTER, attr};
use crate::nft::wire;

/// What is strange about an expression.
type Strange = String;

/// One expression of a rule. `timed` tells which dynamic sets have a timeout.
pub(super) fn expr(value: &[u8], timed: &dyn Fn(&str) -> bool) -> Expr {
    let Some(name) = wire::find(value, attr::EXPR_NAME).map(wire::text) else {
        return Expr::Unknown("an expression without name".to_owned());
    };
    let data = wire::find(value, attr::EXPR_DATA).unwrap_or_default();
    known(&name, data, timed).unwrap_or_else(|strange| {
        Expr::Unknown(if strange.is_empty() { name } else { format!("{name}: {strange}") })
    })
}

fn known(name: &str, data: &[u8], timed: &dyn Fn(&str) -> bool) -> Result<Expr, Strange> {
    match name {
        "meta" => meta(data),
        "payload" => payload(data),
        "bitwise" => bitwise(data),
        "cmp" => compare(data),
        "range" => range(data),
        "lookup" => lookup(data),
        "immediate" => immediate(data),
        "counter" => Fields::new(data, &[1, 2, 3]).map(|_| Expr::Counter),
        "ct" => ct(data),
        "notrack" => Fields::new(data, &[]).map(|_| Expr::Notrack),
        "exthdr" => present(data),
        "tproxy" => tproxy(data),
        "dynset" => dynset(data, timed),
        "limit" => limit(data).map(Expr::Limit),
        "log" => log(data),
        _ => Err(String::new()),
    }
}

fn meta(data: &[u8]) -> Result<Expr, Strange> {
    let fields = Fields::new(data, &[1, 2, 3])?;
    let key = fields.word(2)?;
    let key = numbers::word(numbers::META_KEYS, key).ok_or_else(|| format!("key {key}"))?;
    if fields.has(3) {
        return Ok(Expr::SetMeta { key, from: fields.register(3)? });
    }
    Ok(Expr::Meta { key, to: fields.register(1)? })
}

fn payload(data: &[u8]) -> Result<Expr, Strange> {
    let fields = Fields::new(data, &[1, 2, 3, 4])?;
    let base = fields.word(2)?;
    let base = numbers::word(numbers::PAYLOAD_BASES, base).ok_or_else(|| format!("base {base}"))?;
    let (offset, length) = (fields.word(3)?, fields.word(4)?);
    Ok(Expr::Payload { base, offset, length, to: fields.register(1)? })
}

fn bitwise(data: &[u8]) -> Result<Expr, Strange> {
    let fields = Fields::new(data, &[1, 2, 3, 4, 5, 6, 7])?;
    let operation = fields.word_or(6, 0)?;
    if operation != 0 || fields.has(7) {
        return Err(format!("operation {operation}"));
    }
    let (mask, xor) = (fields.value(4)?.to_vec(), fields.value(5)?.to_vec());
    let length = usize::try_from(fields.word(3)?).unwrap_or_default();
    if (mask.len(), xor.len()) != (length, length) {
        return Err("lengths that differ".to_owned());
    }
    Ok(Expr::Bitwise { from: fields.register(1)?, to: fields.register(2)?, mask, xor })
}

fn compare(data: &[u8]) -> Result<Expr, Strange> {
    let fields = Fields::new(data, &[1, 2, 3])?;
    let op = fields.word(2)?;
    let op = numbers::word(numbers::COMPARISONS, op).ok_or_else(|| format!("operation {op}"))?;
    Ok(Expr::Compare { from: fields.register(1)?, op, value: fields.value(3)?.to_vec() })
}

fn range(data: &[u8]) -> Result<Expr, Strange> {
    let fields = Fields::new(data, &[1, 2, 3, 4])?;
    let inverted = fields.flag(2)?;
    let (low, high) = (fields.value(3)?.to_vec(), fields.value(4)?.to_vec());
    Ok(Expr::Range { from: fields.register(1)?, low, high, inverted })
}

fn lookup(data: &[u8]) -> Result<Expr, Strange> {
    let fields = Fields::new(data, &[1, 2, 3, 4, 5])?;
    let to = match fields.word_or(3, u32::MAX)? {
        u32::MAX => None,
        VERDICT_REGISTER => Some(LookupTo::Verdict),
        _ => Some(LookupTo::Reg(fields.register(3)?)),
    };
    let inverted = fields.has(5) && fields.flag(5)?;
    Ok(Expr::Lookup { set: fields.text(1)?, key: fields.register(2)?, to, inverted })
}

fn immediate(data: &[u8]) -> Result<Expr, Strange> {
    let fields = Fields::new(data, &[1, 2])?;
    if fields.word(1)? == VERDICT_REGISTER {
        return verdict(fields.get(2)?).map(Expr::Verdict);
    }
    let value = fields.value(2)?;
    let value = value.try_into().map_err(|_| format!("a value of {} bytes", value.len()))?;
    Ok(Expr::Load { to: fields.register(1)?, value: u32::from_ne_bytes(value) })
}

/// A verdict in data.
pub(super) fn verdict(data: &[u8]) -> Result<Verdict, Strange> {
    let strange = || "no verdict".to_owned();
    let verdict = wire::find(data, attr::DATA_VERDICT).ok_or_else(strange)?;
    let code = wire::find(verdict, attr::VERDICT_CODE).and_then(wire::word).ok_or_else(strange)?;
    let chain = wire::find(verdict, attr::VERDICT_CHAIN).map(wire::text);
    numbers::our_verdict(code, chain).ok_or_else(|| format!("verdict {}", code.cast_signed()))
}

fn ct(data: &[u8]) -> Result<Expr, Strange> {
    let fields = Fields::new(data, &[1, 2, 4])?;
    let key = fields.word(2)?;
    let key = numbers::word(numbers::CT_KEYS, key).ok_or_else(|| format!("key {key}"))?;
    match (fields.has(4), key) {
        (true, CtKey::Mark) => Ok(Expr::SetCtMark { from: fields.register(4)? }),
        (true, _) => Err(format!("sets {key:?}")),
        (false, key) => Ok(Expr::Ct { key, to: fields.register(1)? }),
    }
}

fn present(data: &[u8]) -> Result<Expr, Strange> {
    let fields = Fields::new(data, &[1, 2, 3, 4, 5, 6])?;
    let kind = *fields.get(2)?.first().ok_or("no type")?;
    if (fields.word(3)?, fields.word(4)?, fields.word_or(5, 0)?) != (0, 1, 1) {
        return Err("loads bytes".to_owned());
    }
    let header = match fields.word_or(6, 0)? {
        0 => Header::Ip6(kind),
        2 => Header::Ip4Option(kind),
        other => return Err(format!("operation {other}")),
    };
    Ok(Expr::Present { header, to: fields.register(1)? })
}

fn tproxy(data: &[u8]) -> Result<Expr, Strange> {
    let fields = Fields::new(data, &[1, 3])?;
    match fields.word(1)? {
        0 => Ok(Expr::Tproxy { port: fields.register(3)? }),
        family => Err(format!("family {family}")),
    }
}

fn dynset(data: &[u8], timed: &dyn Fn(&str) -> bool) -> Result<Expr, Strange> {
    let fields = Fields::new(data, &[1, 2, 3, 4, 6, 7, 8, 9, 10])?;
    let set = fields.text(1)?;
    let (operation, flags) = (fields.word(3)?, fields.word_or(9, 0)?);
    if operation != u32::from(timed(&set)) || flags & !2 != 0 {
        return Err(format!("operation {operation} with flags {flags:#x}"));
    }
    if fields.has(6) && wire::long(fields.get(6)?) != Some(0) {
        return Err("a timeout of its own".to_owned());
    }
    let each = match (fields.has(7), fields.has(10)) {
        (true, _) => vec![each(fields.get(7)?)?],
        (_, true) => {
            wire::inside(fields.get(10)?).map(|(_, one)| each(one)).collect::<Result<_, _>>()?
        }
        _ => vec![],
    };
    Ok(Expr::Dynset { set, key: fields.register(4)?, each })
}

fn each(value: &[u8]) -> Result<Each, Strange> {
    let name = wire::find(value, attr::EXPR_NAME).map(wire::text).unwrap_or_default();
    let data = wire::find(value, attr::EXPR_DATA).unwrap_or_default();
    match name.as_str() {
        "counter" => Ok(Each::Counter),
        "limit" => limit(data).map(Each::Limit),
        "connlimit" => {
            let fields = Fields::new(data, &[1, 2])?;
            let over = fields.has(2) && fields.flag(2)?;
            Ok(Each::Connections { count: fields.word(1)?, over })
        }
        other => Err(format!("with {other}")),
    }
}

fn limit(data: &[u8]) -> Result<Limit, Strange> {
    let fields = Fields::new(data, &[1, 2, 3, 4, 5, 6])?;
    let (unit, kind) = (fields.long(2)?, fields.word_or(4, 0)?);
    if unit != 1 || kind != 0 {
        return Err(format!("of kind {kind} per {unit} s"));
    }
    let over = fields.has(5) && fields.flag(5)?;
    Ok(Limit { rate: fields.long(1)?, burst: fields.word(3)?, over })
}

fn log(data: &[u8]) -> Result<Expr, Strange> {
    let fields = Fields::new(data, &[1, 2, 3])?;
    let group = wire::short(fields.get(1)?).ok_or("no group")?;
    let prefix = if fields.has(2) { fields.text(2)? } else { String::new() };
    Ok(Expr::Log { group, prefix, snaplen: fields.word_or(3, 0)? })
}

/// The attributes of one expression, by their numbers.
struct Fields<'a>([Option<&'a [u8]>; 16]);

impl<'a> Fields<'a> {
    /// An attribute that is not among the `allowed` ones is named.
    fn new(data: &'a [u8], allowed: &[u16]) -> Result<Self, Strange> {
        let mut fields = [None; 16];
        for (kind, value) in wire::inside(data) {
            let place = fields.get_mut(usize::from(kind)).filter(|_| allowed.contains(&kind));
            *place.ok_or_else(|| format!("attribute {kind}"))? = Some(value);
        }
        Ok(Self(fields))
    }

    fn has(&self, kind: usize) -> bool {
        self.0[kind].is_some()
    }

    fn get(&self, kind: usize) -> Result<&'a [u8], Strange> {
        self.0[kind].ok_or_else(|| format!("no attribute {kind}"))
    }

    fn word(&self, kind: usize) -> Result<u32, Strange> {
        wire::word(self.get(kind)?).ok_or_else(|| format!("attribute {kind} of another length"))
    }

    fn word_or(&self, kind: usize, otherwise: u32) -> Result<u32, Strange> {
        if self.has(kind) { self.word(kind) } else { Ok(otherwise) }
    }

    fn long(&self, kind: usize) -> Result<u64, Strange> {
        wire::long(self.get(kind)?).ok_or_else(|| format!("attribute {kind} of another length"))
    }

    fn flag(&self, kind: usize) -> Result<bool, Strange> {
        match self.word(kind)? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(format!("attribute {kind} is {other:#x}")),
        }
    }

    fn text(&self, kind: usize) -> Result<String, Strange> {
        self.get(kind).map(wire::text)
    }

    fn register(&self, kind: usize) -> Result<Reg, Strange> {
        let theirs = self.word(kind)?;
        numbers::our_register(theirs).ok_or_else(|| format!("register {theirs}"))
    }

    /// A value in data.
    fn value(&self, kind: usize) -> Result<&'a [u8], Strange> {
        value(self.get(kind)?).ok_or_else(|| format!("attribute {kind} is no value"))
    }
}

/// A value in data.
pub(super) fn value(data: &[u8]) -> Option<&[u8]> {
    wire::find(data, attr::DATA_VALUE)
}

//! Questions as they come and answers as they go (RFC 1035, section 4; RFC 6891).

use hickory_resolver::proto::op::{Edns, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_resolver::proto::rr::Record;
use hickory_resolver::proto::rr::rdata::opt::EdnsOption;

/// The most bytes of an answer over UDP: what passes every link unfragmented (RFC 9715).
pub(crate) const UDP_MOST: u16 = 1_232;
/// Without EDNS (RFC 1035, section 4.2.1).
const UDP_LEAST: u16 = 512;
/// A header alone.
pub(crate) const HEADER: usize = 12;
/// The longest question: names have 255 bytes, and options little more.
pub(crate) const LONGEST: usize = 4_096;
/// The option of extended errors (RFC 8914).
const EXTENDED_ERROR: u16 = 15;

/// How the question came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Udp,
    Tcp,
}

/// A question that can be answered.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) id: u16,
    pub(crate) query: Query,
    /// Whether others may be asked for it.
    pub(crate) recursion: bool,
    /// What the client can take over UDP; `None` without EDNS.
    edns: Option<u16>,
    way: Way,
}

/// What was read.
#[derive(Debug)]
pub(crate) enum Read {
    /// A question.
    Asked(Asked),
    /// What is answered to something that is none.
    Fault(Vec<u8>),
    /// No question at all, or an answer: answering answers makes two servers talk for ever.
    Nothing,
}

/// An extended error (RFC 8914): what people see of a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Note {
    /// 3: the answer is older than it should be.
    Stale,
    /// 15: an inner address was taken out, see [`crate::inner`].
    Stripped,
    /// 15: the rules let nobody of the segment there.
    Blocked,
    /// 18: such a question is not answered here.
    Prohibited,
    /// 22: no server outside answers.
    NoServer,
    /// 0: as many questions of the same client as may are under way.
    Crowded,
}

/// An answer before it is written.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: ResponseCode,
    /// Whether it is ours to say.
    pub(crate) own: bool,
    pub(crate) answers: Vec<Record>,
    pub(crate) authorities: Vec<Record>,
    pub(crate) note: Option<Note>,
}

impl Answer {
    /// Without records.
    pub(crate) fn empty(code: ResponseCode, note: Option<Note>) -> Self {
        Self { code, own: false, answers: Vec::new(), authorities: Vec::new(), note }
    }
}

impl Note {
    fn option(self) -> EdnsOption {
        let (code, text): (u16, &str) = match self {
            Self::Stale => (3, "the server outside does not answer"),
            Self::Stripped => (15, "an inner address was taken out of the answer"),
            Self::Blocked => (15, "no rule lets this segment there"),
            Self::Prohibited => (18, "not answered here"),
            Self::NoServer => (22, "the server outside does not answer"),
            Self::Crowded => (0, "too many questions of this segment at once"),
        };
        let mut data = code.to_be_bytes().to_vec();
        data.extend_from_slice(text.as_bytes());
        EdnsOption::Unknown(EXTENDED_ERROR, data)
    }
}

/// Reads what came.
pub(crate) fn read(bytes: &[u8], way: Way) -> Read {
    let Some([id0, id1, flags, ..]) = bytes.first_chunk::<HEADER>() else { return Read::Nothing };
    if flags & 0x80 != 0 {
        return Read::Nothing;
    }
    let id = u16::from_be_bytes([*id0, *id1]);
    let op_code = OpCode::from_u8(flags >> 3 & 0x0f);
    let fault = |code| {
        let message = Message::error_msg(id, op_code, code);
        message.to_vec().map_or(Read::Nothing, Read::Fault)
    };
    if op_code != OpCode::Query {
        return fault(ResponseCode::NotImp);
    }
    let Ok(message) = Message::from_vec(bytes) else { return fault(ResponseCode::FormErr) };
    if let Some(edns) = message.edns.as_ref().filter(|edns| edns.version() > 0) {
        return newer(&message, edns);
    }
    let [query] = message.queries.as_slice() else { return fault(ResponseCode::FormErr) };
    Read::Asked(Asked {
        id,
        query: query.clone(),
        recursion: message.metadata.recursion_desired,
        edns: message.edns.as_ref().map(Edns::max_payload),
        way,
    })
}

/// A version of EDNS that there is not (RFC 6891, section 6.1.3).
fn newer(asked: &Message, edns: &Edns) -> Read {
    let mut message = Message::error_msg(asked.id, OpCode::Query, ResponseCode::BADVERS);
    message.add_queries(asked.queries.iter().cloned());
    let mut ours = Edns::new();
    ours.set_max_payload(UDP_MOST).set_version(0).set_dnssec_ok(edns.flags().dnssec_ok);
    message.set_edns(ours);
    message.to_vec().map_or(Read::Nothing, Read::Fault)
}

impl Asked {
    /// The answer as bytes. What is too long for UDP is told so, without records: the client comes
    /// by TCP (RFC 2181, section 9; RFC 7766).
    pub(crate) fn write(&self, answer: Answer) -> Option<Vec<u8>> {
        let mut message = self.head(answer.code);
        message.metadata.authoritative = answer.own;
        let mut answers = answer.answers;
        // The case of letters is the client's, not the one drawn for the server outside.
        let name = self.query.name();
        answers.iter_mut().filter(|one| one.name == *name).for_each(|one| one.name = name.clone());
        message.insert_answers(answers);
        message.insert_authorities(answer.authorities);
        if let (Some(edns), Some(note)) = (&mut message.edns, answer.note) {
            edns.options_mut().insert(note.option());
        }
        let bytes = message.to_vec().ok()?;
        if bytes.len() <= self.most() {
            return Some(bytes);
        }
        match self.way {
            Way::Udp => message.truncate().to_vec().ok(),
            Way::Tcp => self.head(ResponseCode::ServFail).to_vec().ok(),
        }
    }

    /// To come by TCP.
    pub(crate) fn by_tcp(&self) -> Option<Vec<u8>> {
        self.head(ResponseCode::NoError).truncate().to_vec().ok()
    }

    fn head(&self, code: ResponseCode) -> Message {
        let mut message = Message::new(self.id, MessageType::Response, OpCode::Query);
        message.metadata.recursion_desired = self.recursion;
        message.metadata.recursion_available = true;
        message.metadata.response_code = code;
        message.add_query(self.query.clone());
        if self.edns.is_some() {
            let mut edns = Edns::new();
            edns.set_max_payload(UDP_MOST).set_version(0);
            message.set_edns(edns);
        }
        message
    }

    fn most(&self) -> usize {
        match (self.way, self.edns) {
            (Way::Tcp, _) => usize::from(u16::MAX),
            (Way::Udp, None) => usize::from(UDP_LEAST),
            (Way::Udp, Some(most)) => usize::from(most.clamp(UDP_LEAST, UDP_MOST)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hickory_resolver::proto::rr::{Name, RecordType};
    use proptest::prelude::*;

    fn asked() -> Vec<u8> {
        let mut message = Message::query();
        let name = Name::from_ascii("www.example.kz.").unwrap();
        message.add_query(Query::query(name, RecordType::A));
        message.to_vec().unwrap()
    }

    proptest! {
        /// covers: G6 (malformed questions)
        #[test]
        fn any_bytes_are_read_and_what_is_no_question_gets_a_short_answer(bytes: Vec<u8>) {
            if let Read::Fault(fault) = read(&bytes, Way::Udp) {
                prop_assert!(fault.len() <= bytes.len() + 12, "{} bytes", fault.len());
            }
        }

        #[test]
        fn a_question_with_a_byte_changed_is_read_without_harm(at in 0_usize..32, to: u8) {
            let mut bytes = asked();
            let at = at % bytes.len();
            bytes[at] = to;
            let read = read(&bytes, Way::Tcp);
            prop_assert!(!matches!(read, Read::Asked(_)) || bytes[2] & 0x80 == 0);
        }
    }
}

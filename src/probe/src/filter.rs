//! The classic BPF programs on the raw sockets: what is not for this engine never reaches its
//! receive queue. Replies need our identifier and our secret tag; errors need a quoted echo
//! request with our identifier.

use libc::sock_filter;

use crate::cookie::{IDS, Secret};

/// Longer packets are refused; also the size of a receive buffer. An error that quotes a whole
/// probe, with IP options and the extensions of RFC 4884, is shorter.
pub(crate) const LONGEST: usize = 512;

const ACCEPT: u32 = 0xffff_ffff;
const ID_MASK: u32 = !(IDS as u32 - 1) & 0xffff;

/// The program for IPv4: packets begin with the IP header.
pub(crate) fn v4(secret: &Secret) -> Vec<sock_filter> {
    let mut program = Program::default();
    program.refuse_longer_than(LONGEST);
    program.load(libc::BPF_LDX | libc::BPF_B | libc::BPF_MSH, 0); // X = header length
    program.byte_at_x(0);
    program.either_reply_or_error(0, &[3, 11, 12]);
    program.reply(secret, libc::BPF_IND);
    program.error_begins_here();
    program.byte_at_x(8 + 9); // protocol of the quoted packet
    program.require(1);
    program.byte_at_x(8); // length of the quoted IP header
    program.op(libc::BPF_ALU | libc::BPF_AND | libc::BPF_K, 0x0f);
    program.op(libc::BPF_ALU | libc::BPF_LSH | libc::BPF_K, 2);
    program.op(libc::BPF_ALU | libc::BPF_ADD | libc::BPF_X, 0);
    program.op(libc::BPF_MISC | libc::BPF_TAX, 0);
    program.byte_at_x(8);
    program.require(8);
    program.load(libc::BPF_LD | libc::BPF_H | libc::BPF_IND, 8 + 4);
    program.require_id(secret);
    program.finish()
}

/// The program for IPv6: packets begin with the `ICMPv6` header. Quotes with extension headers are
/// let through to be parsed.
pub(crate) fn v6(secret: &Secret) -> Vec<sock_filter> {
    let mut program = Program::default();
    program.refuse_longer_than(LONGEST);
    program.load(libc::BPF_LD | libc::BPF_B | libc::BPF_ABS, 0);
    program.either_reply_or_error(129, &[1, 2, 3, 4]);
    program.reply(secret, libc::BPF_ABS);
    program.error_begins_here();
    program.load(libc::BPF_LD | libc::BPF_B | libc::BPF_ABS, 8 + 6); // next header
    for extension in [0, 43, 44, 51, 60] {
        program.accept_if(extension);
    }
    program.require(58);
    program.load(libc::BPF_LD | libc::BPF_B | libc::BPF_ABS, 8 + 40);
    program.require(128);
    program.load(libc::BPF_LD | libc::BPF_H | libc::BPF_ABS, 8 + 40 + 4);
    program.require_id(secret);
    program.finish()
}

/// A jump target that is filled in when the program is finished.
#[derive(Clone, Copy)]
enum Goal {
    Next,
    Refuse,
    Accept,
    Error,
}

/// Puts a program together; jumps lead forward to one of three places.
#[derive(Default)]
struct Program {
    code: Vec<sock_filter>,
    jumps: Vec<(usize, Goal, Goal)>,
    error: usize,
}

impl Program {
    fn op(&mut self, code: u32, k: u32) {
        let code = u16::try_from(code).expect("BPF codes have 16 bits");
        self.code.push(sock_filter { code, jt: 0, jf: 0, k });
    }

    fn load(&mut self, code: u32, offset: u32) {
        self.op(code, offset);
    }

    fn byte_at_x(&mut self, offset: u32) {
        self.load(libc::BPF_LD | libc::BPF_B | libc::BPF_IND, offset);
    }

    fn jump(&mut self, test: u32, k: u32, yes: Goal, no: Goal) {
        self.jumps.push((self.code.len(), yes, no));
        self.op(libc::BPF_JMP | test | libc::BPF_K, k);
    }

    fn require(&mut self, value: u32) {
        self.jump(libc::BPF_JEQ, value, Goal::Next, Goal::Refuse);
    }

    fn accept_if(&mut self, value: u32) {
        self.jump(libc::BPF_JEQ, value, Goal::Accept, Goal::Next);
    }

    fn refuse_longer_than(&mut self, length: usize) {
        self.op(libc::BPF_LD | libc::BPF_W | libc::BPF_LEN, 0);
        let length = u32::try_from(length).expect("a small constant");
        self.jump(libc::BPF_JGT, length, Goal::Refuse, Goal::Next);
    }

    /// With the type loaded: goes on for a reply, to the error part for an error.
    fn either_reply_or_error(&mut self, reply: u32, errors: &[u32]) {
        for error in errors {
            self.jump(libc::BPF_JEQ, *error, Goal::Error, Goal::Next);
        }
        self.require(reply);
    }

    fn reply(&mut self, secret: &Secret, mode: u32) {
        self.load(libc::BPF_LD | libc::BPF_H | mode, 4);
        self.op(libc::BPF_ALU | libc::BPF_AND | libc::BPF_K, ID_MASK);
        self.require(u32::from(secret.first_id));
        self.load(libc::BPF_LD | libc::BPF_W | mode, 8);
        self.jump(libc::BPF_JEQ, secret.tag, Goal::Accept, Goal::Refuse);
    }

    fn error_begins_here(&mut self) {
        self.error = self.code.len();
    }

    fn require_id(&mut self, secret: &Secret) {
        self.op(libc::BPF_ALU | libc::BPF_AND | libc::BPF_K, ID_MASK);
        self.jump(libc::BPF_JEQ, u32::from(secret.first_id), Goal::Accept, Goal::Refuse);
    }

    fn finish(mut self) -> Vec<sock_filter> {
        let (accept, refuse) = (self.code.len(), self.code.len() + 1);
        self.op(libc::BPF_RET | libc::BPF_K, ACCEPT);
        self.op(libc::BPF_RET | libc::BPF_K, 0);
        for (at, yes, no) in std::mem::take(&mut self.jumps) {
            let distance = |goal| {
                let place = match goal {
                    Goal::Next => at + 1,
                    Goal::Refuse => refuse,
                    Goal::Accept => accept,
                    Goal::Error => self.error,
                };
                u8::try_from(place - at - 1).expect("the programs are short")
            };
            (self.code[at].jt, self.code[at].jf) = (distance(yes), distance(no));
        }
        self.code
    }
}

#[cfg(test)]
#[path = "filter_tests.rs"]
mod tests;

//! What a command says.
//!
//! A reader that has gone (`ets-hub … | head`) is no fault of the command: it does its work to the
//! end and says nothing more. Its end stands in the exit code all the same.

use std::io::{ErrorKind, Write, stderr, stdout};

use crate::exit::Failure;

/// Prints on standard output.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    heard(text).map(drop)
}

/// Prints on standard output, and says whether somebody still reads.
pub(crate) fn heard(text: &str) -> Result<bool, Failure> {
    let mut out = stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(Failure::Refused(format!("standard output cannot be written: {error}"))),
    }
}

/// A line on standard error; when that is closed there is nobody left to tell.
pub(crate) fn note(line: &str) {
    let _ = writeln!(stderr(), "{line}");
}

//! Whether an order would be signed, asked before it is written down.

use std::time::{Duration, SystemTime};

use crate::profile::{Custody, Profile};
use crate::{Error, Serial, Subject, Wanted, build, key};

/// What is wrong with an order, if anything. A request may be missing: it comes later.
///
/// # Errors
/// As [`crate::Ca::issue`], but for what only the signature shows.
pub fn check(
    profile: &str,
    subject: &Subject,
    names: &[String],
    request: Option<&str>,
) -> Result<(), Error> {
    let known = Profile::named(profile)?;
    if known.is_authority() {
        let known = "those of owners".to_owned();
        return Err(Error::NoProfile { name: profile.to_owned(), known });
    }
    let wanted = Wanted {
        profile: profile.to_owned(),
        subject: subject.clone(),
        names: names.to_vec(),
        until: None,
    };
    let serial = Serial::draw()?;
    let now = SystemTime::now();
    build::params(&wanted, serial, now, now + Duration::from_secs(1), None)?;
    match (known.key, request) {
        (Custody::Made, Some(_)) => Err(Error::NoRequest),
        (_, Some(request)) => key::of_request(request.as_bytes()).map(drop),
        (_, None) => Ok(()),
    }
}

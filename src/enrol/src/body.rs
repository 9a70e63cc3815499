//! A request's body within its bounds. It is read before anything is refused: clients of HTTP/2 do
//! not hear an answer that comes while they still send.

use std::time::Duration;

use axum::extract::Request;
use http_body_util::{BodyExt, LengthLimitError, Limited};

/// The most octets: a request for a hundred names with an RSA key of 4096 bits has a third of this.
pub(crate) const MOST: usize = 32 * 1024;
/// How long a body may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// Why there is no body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It has more than [`MOST`] octets.
    Large,
    /// It did not come in time.
    Late,
    /// It broke off.
    Broken,
}

/// # Errors
/// [`Fault`].
pub(crate) async fn read(request: Request) -> Result<Vec<u8>, Fault> {
    let whole = Limited::new(request.into_body(), MOST).collect();
    match tokio::time::timeout(PATIENCE, whole).await {
        Err(_) => Err(Fault::Late),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(Fault::Large),
        Ok(Err(_)) => Err(Fault::Broken),
        Ok(Ok(body)) => Ok(body.to_bytes().to_vec()),
    }
}

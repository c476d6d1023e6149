//! What parses event streams, for the fuzz targets. In builds of `cargo fuzz` only.

use futures_util::{FutureExt, StreamExt, stream};
use sse_stream::Sse;

use super::sse;
use crate::net::Bytes;

/// Why a stream ended early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// An event was longer than allowed.
    TooLong,
    /// It is no event stream.
    Malformed,
}

/// The events of a stream that comes in these parts, up to the first error.
pub fn events(chunks: Vec<Bytes>, limit: usize) -> (Vec<Sse>, Option<End>) {
    let mut events = sse::events(stream::iter(chunks).map(Ok).boxed(), limit);
    let mut found = Vec::new();
    loop {
        match events.next().now_or_never().flatten() {
            None => return (found, None),
            Some(Ok(event)) => found.push(event),
            Some(Err(error)) => {
                let end = if sse::is_too_long(&error) { End::TooLong } else { End::Malformed };
                return (found, Some(end));
            }
        }
    }
}

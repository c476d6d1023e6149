use futures_util::{StreamExt, TryStreamExt, future::ready, stream::BoxStream};
use sse_stream::{Error, Sse, SseStream};

use crate::net::{self, Bytes};

/// Counts the bytes of one event.
#[derive(Default)]
struct Meter {
    size: usize,
    line: usize,
    last: u8,
}

#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error(transparent)]
    Net(#[from] net::Error),
    #[error("an event is longer than {0} bytes")]
    TooLarge(usize),
}

/// The events of a stream of bytes. It ends with an error at an event of more than `limit` bytes.
pub(super) fn events(
    bytes: BoxStream<'static, Result<Bytes, net::Error>>,
    limit: usize,
) -> BoxStream<'static, Result<Sse, Error>> {
    let mut meter = Meter::default();
    let metered = bytes.map_err(Broken::from).and_then(move |chunk| {
        ready(if meter.take(&chunk) > limit { Err(Broken::TooLarge(limit)) } else { Ok(chunk) })
    });
    SseStream::from_bytes_stream(metered).boxed()
}

/// Whether a stream ended because an event was too long.
pub(super) fn is_too_long(error: &Error) -> bool {
    let Error::Body(cause) = error else {
        return false;
    };
    matches!(cause.downcast_ref(), Some(Broken::TooLarge(_)))
}

impl Meter {
    /// The size of the largest event so far that this chunk belongs to. An empty line ends an event, and each of LF, CR LF and CR
    /// ends a line.
    fn take(&mut self, chunk: &[u8]) -> usize {
        let mut largest = 0;
        for byte in chunk {
            if std::mem::replace(&mut self.last, *byte) == b'\r' && *byte == b'\n' {
                continue;
            }
            self.size += 1;
            largest = largest.max(self.size);
            match byte {
                b'\n' | b'\r' if self.line == 0 => self.size = 0,
                b'\n' | b'\r' => self.line = 0,
                _ => self.line += 1,
            }
        }
        largest
    }
}

#[cfg(test)]
mod tests;

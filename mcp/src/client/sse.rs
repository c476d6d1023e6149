//! Event streams as the HTML standard reads them (section 9.2.6, "Interpreting an event stream"): what it says to ignore is ignored, and
//! ends no stream.

use std::collections::VecDeque;

use abide_base::bom::strip_bom;
use abide_net as net;
use abide_net::Bytes;
use futures_util::{
    StreamExt,
    stream::{self, BoxStream},
};
use sse_stream::{Error, Sse};

/// The bytes of an answer, as they come.
pub(super) type Body = BoxStream<'static, Result<Bytes, net::Error>>;

#[derive(Debug, thiserror::Error)]
enum Broken {
    #[error(transparent)]
    Net(#[from] net::Error),
    #[error("an event is longer than {0} bytes")]
    TooLarge(usize),
}

/// Cuts bytes into lines, and lines into events. Keeps at most `limit` bytes of an event that has not ended.
struct Parser {
    limit: usize,
    /// The line that has not ended.
    line: Vec<u8>,
    /// Whether the last byte was a CR: an LF that follows belongs to it.
    after_cr: bool,
    is_first_line: bool,
    event: Sse,
    /// Bytes of the lines of the event so far. Comments are not part of it.
    size: usize,
    ended: VecDeque<Sse>,
}

/// A stream that is being read.
struct Reading {
    bytes: Body,
    parser: Parser,
    end: Option<Broken>,
    is_over: bool,
}

/// The events of a stream of bytes. It ends with an error at an event of more than `limit` bytes. An event without data is passed on if it
/// has an `id` or a `retry`. An event that is incomplete when the stream ends is dropped.
pub(super) fn events(bytes: Body, limit: usize) -> BoxStream<'static, Result<Sse, Error>> {
    let reading = Reading { bytes, parser: Parser::new(limit), end: None, is_over: false };
    stream::unfold(reading, |mut reading| async move {
        let next = reading.next().await?;
        Some((next, reading))
    })
    .boxed()
}

/// The events of a stream that came as a whole.
pub(super) fn all(body: &[u8]) -> VecDeque<Sse> {
    // each line is counted with its line end, which the last one may lack
    let mut parser = Parser::new(body.len() + 1);
    let _ = parser.take(body);
    parser.ended
}

/// What broke the connection that a stream came over. `None` if something else ended the stream.
pub(super) fn cause(error: &Error) -> Option<&net::Error> {
    let Error::Body(cause) = error else {
        return None;
    };
    match cause.downcast_ref()? {
        Broken::Net(error) => Some(error),
        Broken::TooLarge(_) => None,
    }
}

/// Whether a stream ended because an event was too long.
pub(super) fn is_too_long(error: &Error) -> bool {
    let Error::Body(cause) = error else {
        return false;
    };
    matches!(cause.downcast_ref(), Some(Broken::TooLarge(_)))
}

impl Reading {
    async fn next(&mut self) -> Option<Result<Sse, Error>> {
        loop {
            if let Some(event) = self.parser.ended.pop_front() {
                return Some(Ok(event));
            }
            if let Some(end) = self.end.take() {
                return Some(Err(Error::Body(Box::new(end))));
            }
            if self.is_over {
                return None;
            }
            let taken = match self.bytes.next().await {
                Some(Ok(chunk)) => self.parser.take(&chunk),
                Some(Err(error)) => Err(error.into()),
                None => {
                    self.is_over = true;
                    Ok(())
                }
            };
            if let Err(broken) = taken {
                self.is_over = true;
                self.end = Some(broken);
            }
        }
    }
}

impl Parser {
    fn new(limit: usize) -> Self {
        Self {
            limit,
            line: Vec::new(),
            after_cr: false,
            is_first_line: true,
            event: Sse::default(),
            size: 0,
            ended: VecDeque::new(),
        }
    }

    /// LF, CR LF and CR each end a line.
    fn take(&mut self, mut chunk: &[u8]) -> Result<(), Broken> {
        while !chunk.is_empty() {
            if std::mem::take(&mut self.after_cr)
                && let Some(rest) = chunk.strip_prefix(b"\n")
            {
                chunk = rest;
                continue;
            }
            let end = chunk.iter().position(|byte| matches!(byte, b'\n' | b'\r'));
            let (part, rest) = chunk.split_at(end.unwrap_or(chunk.len()));
            self.extend(part)?;
            let Some((last, rest)) = rest.split_first() else { break };
            self.after_cr = *last == b'\r';
            chunk = rest;
            let line = std::mem::take(&mut self.line);
            self.end_line(&line)?;
            // the buffer is used again, unless it has grown
            if line.capacity() <= 64 * 1024 {
                self.line = line;
                self.line.clear();
            }
        }
        Ok(())
    }

    /// Adds bytes to the line. Of a comment only the leading `:` is kept.
    fn extend(&mut self, part: &[u8]) -> Result<(), Broken> {
        if self.line.first().or(part.first()) == Some(&b':') {
            self.line.clear();
            self.line.push(b':');
            return Ok(());
        }
        if self.size + self.line.len() + part.len() > self.limit {
            return Err(Broken::TooLarge(self.limit));
        }
        self.line.extend_from_slice(part);
        Ok(())
    }

    fn end_line(&mut self, line: &[u8]) -> Result<(), Broken> {
        let line = match std::mem::take(&mut self.is_first_line) {
            true => strip_bom(line),
            false => line,
        };
        if line.is_empty() {
            self.end_event();
            return Ok(());
        }
        if line.first() == Some(&b':') {
            return Ok(());
        }
        self.size += line.len() + 1;
        if self.size > self.limit {
            return Err(Broken::TooLarge(self.limit));
        }
        let mut parts = line.splitn(2, |byte| *byte == b':');
        let (name, value) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        self.field(name, value.strip_prefix(b" ").unwrap_or(value));
        Ok(())
    }

    fn field(&mut self, name: &[u8], value: &[u8]) {
        match name {
            b"data" => {
                let value = String::from_utf8_lossy(value);
                match &mut self.event.data {
                    Some(data) => {
                        data.push('\n');
                        data.push_str(&value);
                    }
                    none => *none = Some(value.into_owned()),
                }
            }
            b"event" => self.event.event = Some(String::from_utf8_lossy(value).into_owned()),
            b"id" if !value.contains(&0) => self.event.id = Some(String::from_utf8_lossy(value).into_owned()),
            b"retry" if !value.is_empty() && value.iter().all(u8::is_ascii_digit) => {
                let millis = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
                self.event.retry = millis.or(self.event.retry);
            }
            _ => {}
        }
    }

    fn end_event(&mut self) {
        self.size = 0;
        let mut event = std::mem::take(&mut self.event);
        // an empty id means that there is none
        event.id = event.id.filter(|id| !id.is_empty());
        event.data = event.data.filter(|data| !data.is_empty());
        if event.data.is_some() || event.id.is_some() || event.retry.is_some() {
            self.ended.push_back(event);
        }
    }
}

#[cfg(test)]
mod tests;

//! Just enough of HTTP/1.1 to say what no library would say.

use std::{collections::BTreeMap, io};

use tokio::{
    io::{AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpStream,
    time::{Duration, sleep},
};

use super::case::{End, Times};

/// A request as it came.
#[derive(Clone, Debug, Default)]
pub(super) struct Request {
    pub(super) method: String,
    /// Without its query.
    pub(super) path: String,
    /// Names in lower case.
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Vec<u8>,
}

/// What is written, and what then.
#[derive(Clone, Debug, Default)]
pub(super) struct Reply {
    /// None where the pieces are everything.
    pub(super) head: Option<Head>,
    pub(super) pieces: Vec<Chunk>,
    pub(super) end: End,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Head {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
}

#[derive(Clone, Debug)]
pub(super) struct Chunk {
    pub(super) bytes: Vec<u8>,
    pub(super) times: Times,
    pub(super) pause: Duration,
}

/// The longest head of a request, and the longest request.
const MAX_HEAD: usize = 64 * 1024;
const MAX_BODY: usize = 16 << 20;

impl Reply {
    pub(super) fn new(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("content-type".to_owned(), content_type.to_owned())];
        Self { head: Some(Head { status, headers }), pieces: vec![Chunk::once(body)], end: End::Proper }
    }

    /// Nothing but a status.
    pub(super) fn empty(status: u16) -> Self {
        Self { head: Some(Head { status, headers: Vec::new() }), ..Self::default() }
    }

    pub(super) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        if let Some(head) = &mut self.head {
            head.headers.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
            head.headers.push((name.to_owned(), value.into()));
        }
        self
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.head.iter().flat_map(|head| &head.headers).any(|(known, _)| known.eq_ignore_ascii_case(name))
    }

    /// Its length, where it has one that is worth saying.
    fn length(&self) -> Option<usize> {
        let whole = self.pieces.iter().all(|piece| piece.times == Times::So(1) && piece.pause.is_zero());
        let proper = whole && self.end == End::Proper;
        proper.then(|| self.pieces.iter().map(|piece| piece.bytes.len()).sum())
    }
}

impl Chunk {
    pub(super) fn once(bytes: impl Into<Vec<u8>>) -> Self {
        Self { bytes: bytes.into(), times: Times::So(1), pause: Duration::ZERO }
    }
}

impl Head {
    fn text(&self, length: Option<usize>) -> String {
        use std::fmt::Write as _;
        let mut text = format!("HTTP/1.1 {} Whatever\r\n", self.status);
        for (name, value) in &self.headers {
            let _ = write!(text, "{name}: {value}\r\n");
        }
        let says_length = self.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-length"));
        match length {
            _ if says_length || matches!(self.status, 204 | 304) => {}
            Some(length) => drop(write!(text, "content-length: {length}\r\n")),
            None => text.push_str("transfer-encoding: chunked\r\n"),
        }
        text.push_str("\r\n");
        text
    }
}

/// The next request of a connection; `None` where there is none.
pub(super) async fn read(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<Option<Request>> {
    let head = loop {
        if let Some(end) = buffer.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        if buffer.len() > MAX_HEAD || !more(stream, buffer).await? {
            return Ok(None);
        }
    };
    let Some(mut request) = parse(buffer.get(..head).unwrap_or_default()) else { return Ok(None) };
    let length = request.headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0_usize);
    while buffer.len() < head + length {
        if length > MAX_BODY || !more(stream, buffer).await? {
            return Ok(None);
        }
    }
    let rest = buffer.split_off(head + length);
    request.body = buffer.split_off(head);
    *buffer = rest;
    Ok(Some(request))
}

async fn more(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<bool> {
    Ok(stream.read_buf(buffer).await? > 0)
}

fn parse(head: &[u8]) -> Option<Request> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut request = httparse::Request::new(&mut headers);
    request.parse(head).ok()?;
    let path = request.path?.split('?').next().unwrap_or_default().to_owned();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let headers = request.headers.iter().map(|header| (header.name.to_ascii_lowercase(), text(header.value))).collect();
    Some(Request { method: request.method?.to_owned(), path, headers, body: Vec::new() })
}

/// Writes a reply. False where the connection is of no use any more.
pub(super) async fn write(stream: &mut TcpStream, reply: &Reply) -> io::Result<bool> {
    let length = reply.length();
    let chunked = reply.head.is_some() && length.is_none();
    if let Some(head) = &reply.head {
        stream.write_all(head.text(length).as_bytes()).await?;
    }
    for piece in &reply.pieces {
        let bytes = if chunked { framed(&piece.bytes) } else { piece.bytes.clone() };
        repeat(stream, &bytes, piece).await?;
    }
    match reply.end {
        End::Proper if chunked => stream.write_all(b"0\r\n\r\n").await?,
        End::Proper => {}
        End::Open => {
            // until the other side gives up
            let mut ignored = [0; 1_024];
            while stream.read(&mut ignored).await? > 0 {}
        }
        End::Cut => {}
    }
    stream.flush().await?;
    Ok(reply.end == End::Proper && reply.head.is_some())
}

/// Writes a piece as often as it says, with its pauses.
pub(super) async fn repeat(stream: &mut (impl AsyncWrite + Unpin), bytes: &[u8], piece: &Chunk) -> io::Result<()> {
    let mut left = match piece.times {
        Times::So(times) => Some(times),
        Times::Endless(_) => None,
    };
    while left != Some(0) {
        if !piece.pause.is_zero() {
            stream.flush().await?;
            sleep(piece.pause).await;
        }
        stream.write_all(bytes).await?;
        left = left.map(|left| left - 1);
        tokio::task::yield_now().await;
    }
    Ok(())
}

/// One chunk; `None` if it would be the last one.
fn framed(bytes: &[u8]) -> Vec<u8> {
    if bytes.is_empty() {
        return Vec::new();
    }
    let mut framed = format!("{:x}\r\n", bytes.len()).into_bytes();
    framed.extend_from_slice(bytes);
    framed.extend_from_slice(b"\r\n");
    framed
}

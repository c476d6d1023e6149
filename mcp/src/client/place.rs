use std::{collections::HashMap, sync::Arc};

use http::{HeaderName, HeaderValue};

/// Where in the protocol a stream belongs: what a request needs that belongs to it.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) session: Option<Arc<str>>,
    pub(super) headers: Headers,
}

pub(super) type Headers = HashMap<HeaderName, HeaderValue>;

/// A version without sessions, and without streams that can be taken up again.
pub(super) fn is_modern(headers: &Headers) -> bool {
    headers.get(&VERSION).is_some_and(|version| version.as_bytes() >= MODERN.as_bytes())
}

/// The first version without sessions, and without streams that can be taken up again.
pub(super) const MODERN: &str = "2026-07-28";

pub(super) const VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");

//! What is known of compatible servers, from their public documentation.

use abide_net::is_loopback;
use url::Url;

use super::{Compat, Formats, Param, TokenLimit};

/// A server, or a provider's.
pub(super) struct Server {
    /// The host, or its end after a dot.
    host: Option<&'static str>,
    /// The port by convention, on this machine.
    port: Option<u16>,
    pub(super) compat: Compat,
    pub(super) key: KeyHeader,
}

/// The header that carries the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyHeader {
    /// `Authorization: Bearer …`
    Bearer,
    /// `api-key: …`, as Azure wants it.
    ApiKey,
}

const ALL: Compat = Compat {
    seed: Param::Send,
    temperature: Param::Send,
    top_p: Param::Send,
    token_limit: TokenLimit::MaxTokens,
    parallel_tool_calls: Param::Send,
    response_format: Formats::All,
};
const NEWER_LIMIT: Compat = Compat { token_limit: TokenLimit::MaxCompletionTokens, ..ALL };
const NO_PARALLEL: Compat = Compat { parallel_tool_calls: Param::Omit, ..ALL };

const SERVERS: &[Server] = &[
    remote("api.openai.com", NEWER_LIMIT),
    azure("openai.azure.com"),
    azure("cognitiveservices.azure.com"),
    azure("services.ai.azure.com"),
    // Gemini
    remote("generativelanguage.googleapis.com", Compat { seed: Param::Omit, ..NO_PARALLEL }),
    remote("openrouter.ai", ALL),
    remote("api.deepseek.com", Compat { seed: Param::Omit, response_format: Formats::JsonObject, ..NO_PARALLEL }),
    // its seed is called `random_seed`
    remote("api.mistral.ai", Compat { seed: Param::Omit, ..ALL }),
    remote("api.groq.com", NEWER_LIMIT),
    remote("ollama.com", NO_PARALLEL),
    // Ollama
    local(11_434, NO_PARALLEL),
    // vLLM
    local(8_000, ALL),
    // llama.cpp
    local(8_080, ALL),
];

const fn remote(host: &'static str, compat: Compat) -> Server {
    Server { host: Some(host), port: None, compat, key: KeyHeader::Bearer }
}

const fn azure(host: &'static str) -> Server {
    Server { host: Some(host), port: None, compat: NEWER_LIMIT, key: KeyHeader::ApiKey }
}

const fn local(port: u16, compat: Compat) -> Server {
    Server { host: None, port: Some(port), compat, key: KeyHeader::Bearer }
}

impl Compat {
    /// What is known of the server at a base address, by its host name, or by the port that a local server has by convention (Ollama
    /// 11434, vLLM 8000, llama.cpp 8080); the default for an unknown one.
    pub fn of_address(base: &Url) -> Self {
        at(base).map(|server| server.compat).unwrap_or_default()
    }
}

/// The server at a base address, if it is a known one.
pub(super) fn at(base: &Url) -> Option<&'static Server> {
    let host = base.host_str()?;
    SERVERS.iter().find(|server| match (server.host, server.port) {
        (Some(known), _) => host.strip_suffix(known).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')),
        (None, Some(port)) => base.port() == Some(port) && is_loopback(base),
        (None, None) => false,
    })
}

impl KeyHeader {
    /// How the key goes to a base address: an `api-version` is Azure's, also behind a name of one's own.
    pub(crate) fn of(base: &Url) -> Self {
        if base.query().is_some() { Self::ApiKey } else { at(base).map_or(Self::Bearer, |server| server.key) }
    }
}

#[cfg(test)]
mod tests;

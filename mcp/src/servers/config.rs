use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use abide_base::{call::ServerId, secret::Secret};
use abide_credentials::oauth::config::{Access, OAuth, ProtectedResource};
use abide_guard::policy::Rate;
use abide_net as net;
use url::Url;

use super::InputPolicy;

/// One MCP server over HTTP: where it is, how we are let in, and how we connect.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServerConfig {
    /// The operator's word for it; prefixes its tools.
    pub id: ServerId,
    /// The MCP endpoint; also the `resource` of every token request (RFC 8707).
    pub url: Url,
    /// The credentials for it.
    pub access: Access,
    /// How connections to the server and its issuer are made. The pinned keys are those of the MCP server only.
    pub connection: net::Options,
    /// Most calls in a time, over all runs together, so that the server need not limit them; no limit when absent.
    pub rate: Option<Rate>,
    /// What is answered when a tool asks for input while it runs.
    pub input: InputPolicy,
    /// Which eras of the protocol are tried.
    pub protocol: Protocol,
}

/// Which eras of MCP are tried with a server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Protocol {
    /// 2026-07-28 first, then 2025-11-25 and older.
    #[default]
    Auto,
    /// 2025-11-25 and older only: for servers that answer nonsense to what they do not know.
    Initialize,
}

/// One MCP server as a child process that talks over its standard input and output. It never sees a token, and of our environment
/// only what is named here.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CommandConfig {
    /// The operator's word for it; prefixes its tools.
    pub id: ServerId,
    /// The program: a path, or a name that is looked up in our `PATH`.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<String>,
    /// The variables of its environment that hold secrets: their values are taken out of everything that is shown.
    pub env: BTreeMap<String, Secret<String>>,
    /// The other variables of its environment. There are none but these and those above.
    pub settings: BTreeMap<String, String>,
    /// Its working folder; when absent, an empty one of its own that is removed afterwards.
    pub folder: Option<PathBuf>,
    /// How long it may take until it has said who it is, and not until it has listed its tools; 60 s by default.
    pub start_timeout: Duration,
    /// Which eras of the protocol are tried.
    pub protocol: Protocol,
    /// What is answered when a tool asks for input while it runs.
    pub input: InputPolicy,
}

impl ServerConfig {
    /// A server that asks for no token.
    pub fn new(id: ServerId, url: Url) -> Self {
        Self {
            id,
            url,
            access: Access::Open,
            connection: net::Options::default(),
            rate: None,
            input: InputPolicy::default(),
            protocol: Protocol::default(),
        }
    }

    /// The same server, for which an issuer's tokens are needed.
    #[must_use]
    pub fn with_oauth(mut self, oauth: OAuth) -> Self {
        self.access = Access::OAuth(Box::new(oauth));
        self
    }

    /// How tokens are got, if the server takes any.
    pub fn oauth(&self) -> Option<&OAuth> {
        self.access.oauth()
    }

    /// As [`ServerConfig::oauth`], to be changed.
    pub fn oauth_mut(&mut self) -> Option<&mut OAuth> {
        self.access.oauth_mut()
    }

    /// The server as the OAuth client sees it.
    pub fn protected_resource(&self) -> ProtectedResource {
        ProtectedResource {
            id: self.id.clone(),
            url: self.url.clone(),
            access: self.access.clone(),
            connection: self.connection.clone(),
        }
    }
}

impl CommandConfig {
    /// A program without arguments, with an empty environment.
    pub fn new(id: ServerId, program: impl Into<PathBuf>) -> Self {
        Self {
            id,
            program: program.into(),
            args: Vec::new(),
            env: BTreeMap::new(),
            settings: BTreeMap::new(),
            folder: None,
            start_timeout: Duration::from_secs(60),
            protocol: Protocol::default(),
            input: InputPolicy::default(),
        }
    }
}

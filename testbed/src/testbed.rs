use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::{
    Error, Options, TraceId,
    auth::{self, Client},
    mcp, model, task,
    tls::Identity,
};

/// The id of the client that is registered at start.
pub const CLIENT_ID: &str = "support-agent";

/// What that client may be granted.
pub const CLIENT_SCOPES: [&str; 3] = ["customer:read", "ticket:create", "account:calculate"];

/// The running servers. All of them stop, and the temporary directory goes, when this is dropped.
#[derive(Debug)]
pub struct Testbed {
    auth: auth::Server,
    mcp: mcp::Server,
    model: model::Server,
    identity: Identity,
    client: Client,
    ca_path: PathBuf,
    _directory: TempDir,
}

impl Testbed {
    /// Starts every server on a loopback port picked by the system.
    ///
    /// # Errors
    /// When a port, a key or the temporary directory cannot be had.
    pub async fn start(options: Options) -> Result<Self, Error> {
        let directory = tempfile::Builder::new().prefix("abide-testbed-").tempdir()?;
        let identity = Identity::generate()?;
        let ca_path = directory.path().join("ca.pem");
        std::fs::write(&ca_path, identity.ca_pem())?;
        let client = Client::new(CLIENT_ID, CLIENT_SCOPES)?;
        let auth = auth::Server::start(options.auth.client(client.clone()), &identity).await?;
        let mcp = mcp::Server::start(options.mcp, &auth, &identity).await?;
        let model = model::Server::start(options.model).await?;
        Ok(Self { auth, mcp, model, identity, client, ca_path, _directory: directory })
    }

    /// The MCP endpoint and resource identifier: `https://127.0.0.1:PORT/mcp`.
    #[must_use]
    pub fn mcp_url(&self) -> &str {
        self.mcp.url()
    }

    /// The issuer of tokens, without a trailing slash.
    #[must_use]
    pub fn issuer(&self) -> &str {
        self.auth.issuer()
    }

    /// A PEM file with the certificate of the authority that signed the servers' certificate.
    #[must_use]
    pub fn ca_path(&self) -> &Path {
        &self.ca_path
    }

    /// The same certificate as text.
    #[must_use]
    pub fn ca_pem(&self) -> &str {
        self.identity.ca_pem()
    }

    /// `sha256/` and the base64 of the SHA-256 of the servers' `SubjectPublicKeyInfo`.
    #[must_use]
    pub fn spki_pin(&self) -> &str {
        self.identity.spki_pin()
    }

    /// The registered agent: [`CLIENT_ID`], for the scopes [`CLIENT_SCOPES`].
    #[must_use]
    pub fn client_id(&self) -> &str {
        self.client.id()
    }

    /// The agent's secret, in clear; another one at each start.
    #[must_use]
    pub fn client_secret(&self) -> &str {
        self.client.secret()
    }

    /// The chat API of the simulated model, with `/v1` at its end.
    #[must_use]
    pub fn model_url(&self) -> String {
        self.model.base_url()
    }

    /// The authorization server.
    #[must_use]
    pub fn auth(&self) -> &auth::Server {
        &self.auth
    }

    /// The MCP server.
    #[must_use]
    pub fn mcp(&self) -> &mcp::Server {
        &self.mcp
    }

    /// The simulated model.
    #[must_use]
    pub fn model(&self) -> &model::Server {
        &self.model
    }

    /// What the run with this trace id has changed so far, whatever other runs did.
    #[must_use]
    pub fn state(&self, trace: TraceId) -> task::State {
        self.mcp.state(trace)
    }
}

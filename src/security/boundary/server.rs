use std::path::PathBuf;

use url::Url;

use crate::{call::ServerId, net::SpkiPin, secret::Secret};

/// One MCP server: where it is, who may issue its tokens, and how we prove who we are.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServerConfig {
    /// The operator's word for it; prefixes its tools.
    pub id: ServerId,
    /// The MCP endpoint; also the `resource` of every token request (RFC 8707).
    pub url: Url,
    /// The only authorization server that ever sees our credentials, and the only issuer whose tokens count.
    pub issuer: String,
    /// Our name at the issuer.
    pub client_id: String,
    /// Our secret at the issuer.
    pub client_secret: Secret<String>,
    /// How the secret is presented.
    pub client_auth: ClientAuth,
    /// PEM file of the only certification authorities trusted for this server and its issuer; the system's when absent.
    pub ca_bundle: Option<PathBuf>,
    /// Public keys of which the MCP server's certificate must have one; any when empty.
    pub spki_pins: Vec<SpkiPin>,
}

/// How a client secret is presented (RFC 6749, section 2.3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientAuth {
    /// In the `Authorization` header.
    #[default]
    Basic,
    /// In the body.
    Post,
}

impl ServerConfig {
    /// A server with credentials that are presented in the `Authorization` header, and the system's certification authorities.
    pub fn new(id: ServerId, url: Url, issuer: String, client_id: String, client_secret: Secret<String>) -> Self {
        Self {
            id,
            url,
            issuer,
            client_id,
            client_secret,
            client_auth: ClientAuth::default(),
            ca_bundle: None,
            spki_pins: Vec::new(),
        }
    }
}

use abide_base::call::ServerId;
use abide_net as net;
use url::Url;

use super::oauth::OAuth;

/// A server over HTTP as the OAuth client sees it: the protected resource, its issuer, and how both are connected to.
#[derive(Clone, Debug)]
pub struct ProtectedResource {
    /// The operator's word for it.
    pub id: ServerId,
    /// The MCP endpoint; also the `resource` of every token request (RFC 8707).
    pub url: Url,
    /// The credentials for it.
    pub access: Access,
    /// How connections to the server and its issuer are made. The pinned keys are those of the MCP server only.
    pub connection: net::Options,
}

/// Credentials for a server.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Access {
    /// It asks for nothing, and no token is ever sent.
    Open,
    /// With tokens of one pinned issuer.
    OAuth(Box<OAuth>),
}

impl ProtectedResource {
    /// How tokens are got, if the server takes any.
    pub fn oauth(&self) -> Option<&OAuth> {
        self.access.oauth()
    }
}

impl Access {
    /// How tokens are got, if any are taken.
    pub fn oauth(&self) -> Option<&OAuth> {
        match self {
            Self::Open => None,
            Self::OAuth(oauth) => Some(oauth),
        }
    }

    /// As [`Access::oauth`], to be changed.
    pub fn oauth_mut(&mut self) -> Option<&mut OAuth> {
        match self {
            Self::Open => None,
            Self::OAuth(oauth) => Some(oauth),
        }
    }
}

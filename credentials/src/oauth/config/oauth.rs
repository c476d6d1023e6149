use std::{path::PathBuf, sync::Arc};

use abide_base::{scope::ScopeSet, secret::Secret};
use url::Url;

use super::{TokenRequest, TokenRules};
use crate::{jwt::SigningKey, oauth::UserAgent};

/// How tokens for one server are got.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OAuth {
    /// The only authorization server that ever sees our credentials, and the only issuer whose tokens count.
    pub issuer: String,
    /// Our name at the issuer; empty where it is registered or published on the way ([`Registration`]).
    pub client_id: String,
    /// How we prove to the issuer who we are.
    pub client: ClientAuth,
    /// What tokens are for (RFC 8707), where the server calls itself otherwise than by its address; the address when absent.
    pub resource: Option<String>,
    /// What we have to show for a token.
    pub grant: Grant,
    /// Whether tokens are bound to a key (DPoP).
    pub proof: Proof,
    /// Which scopes the server may make us ask for, beyond those that tools declare.
    pub step_up: StepUp,
    /// How a token is asked for, where that is not as the standard has it.
    pub request: TokenRequest,
    /// What a token must say.
    pub tokens: TokenRules,
}

/// How a client proves to an issuer who it is (RFC 6749, section 2.3; RFC 7523; RFC 8705).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ClientAuth {
    /// A secret in the `Authorization` header (`client_secret_basic`).
    Basic(Secret<String>),
    /// A secret in the body (`client_secret_post`).
    Post(Secret<String>),
    /// A statement for this issuer only, signed with a key that never leaves us (`private_key_jwt`).
    PrivateKey(Arc<SigningKey>),
    /// The certificate of the connection (`tls_client_auth`): [`net::Options::client_certificate`](abide_net::Options).
    Certificate,
    /// Not at all (`none`): for programs that cannot keep a secret.
    Public,
}

/// What is shown for a token.
#[derive(Clone, Debug, Default)]
pub enum Grant {
    /// Only who we are (RFC 6749, section 4.4).
    #[default]
    ClientCredentials,
    /// A statement that the platform makes about this workload (RFC 7523, section 2.1).
    Workload {
        /// The statement, a JWT.
        assertion: TokenSource,
    },
    /// An identity that the organization's identity provider exchanges for a statement to the issuer (RFC 8693 and RFC 7523;
    /// MCP's enterprise-managed authorization).
    Enterprise(Enterprise),
    /// A person's consent (RFC 6749, section 4.1, with PKCE).
    Code(Code),
}

/// An identity provider that vouches for a person or workload to other issuers.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Enterprise {
    /// The identity provider, as it calls itself.
    pub provider: String,
    /// Its token endpoint; found in its metadata when absent.
    pub token_endpoint: Option<Url>,
    /// Our name at the identity provider.
    pub client_id: String,
    /// How we prove to it who we are.
    pub client: ClientAuth,
    /// The ID token that is exchanged.
    pub id_token: TokenSource,
}

/// How a person's consent is got.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Code {
    /// How the issuer comes to know us.
    pub registration: Registration,
    /// Shows the issuer's page to a person. Without one, only what is in `store` is used.
    pub agent: Option<Arc<dyn UserAgent>>,
    /// The file that keeps the refresh token, for its owner only; nothing is kept when absent.
    pub store: Option<PathBuf>,
    /// Whether an issuer that publishes nothing is taken to have the endpoints of MCP's revision 2025-03-26.
    pub endpoints: Endpoints,
}

/// How an issuer comes to know a client.
#[derive(Clone, Debug)]
pub enum Registration {
    /// The operator registered [`OAuth::client_id`] there.
    Known,
    /// The name of the client is the address of a document about it, where the issuer takes that; else as `Dynamic`.
    Document(Url),
    /// The client registers itself (RFC 7591).
    Dynamic,
}

/// Where the endpoints of an issuer are known from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Endpoints {
    /// Only from what the issuer publishes of itself (RFC 8414).
    #[default]
    Published,
    /// From `/authorize`, `/token` and `/register` where it publishes nothing (MCP 2025-03-26). Never used with a secret that was
    /// there before.
    OrLegacy,
}

/// Where a token of another issuer is read from, each time it is needed.
#[derive(Clone, Debug)]
pub enum TokenSource {
    /// A file, which its owner renews.
    File(PathBuf),
    /// Always the same.
    Fixed(Secret<String>),
}

/// Whether a token is bound to a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Proof {
    /// It is not: a bearer token (RFC 6750).
    #[default]
    Bearer,
    /// Only who also holds a key that is made at start and never leaves us (RFC 9449).
    Dpop,
}

/// Which scopes a server may make us ask for on top of those that tools declare, when it refuses a call for lack of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum StepUp {
    /// None.
    #[default]
    Never,
    /// These.
    Within(ScopeSet),
    /// Any. For tools that look at servers, not for programs that a model steers.
    DangerAny,
}

impl OAuth {
    /// Client credentials at an issuer, for bearer tokens with the scopes that tools declare.
    pub fn new(issuer: impl Into<String>, client_id: impl Into<String>, client: ClientAuth) -> Self {
        Self {
            issuer: issuer.into(),
            client_id: client_id.into(),
            client,
            resource: None,
            grant: Grant::default(),
            proof: Proof::default(),
            step_up: StepUp::default(),
            request: TokenRequest::default(),
            tokens: TokenRules::default(),
        }
    }

    /// Sets what is shown for a token.
    #[must_use]
    pub fn grant(mut self, grant: Grant) -> Self {
        self.grant = grant;
        self
    }

    /// Sets what tokens are for, where the server calls itself otherwise than by its address.
    #[must_use]
    pub fn resource(mut self, resource: Option<String>) -> Self {
        self.resource = resource;
        self
    }

    /// Sets whether tokens are bound to a key.
    #[must_use]
    pub fn proof(mut self, proof: Proof) -> Self {
        self.proof = proof;
        self
    }

    /// Sets which scopes the server may make us ask for.
    #[must_use]
    pub fn step_up(mut self, step_up: StepUp) -> Self {
        self.step_up = step_up;
        self
    }

    /// Sets how a token is asked for.
    #[must_use]
    pub fn request(mut self, request: TokenRequest) -> Self {
        self.request = request;
        self
    }

    /// Sets what a token must say.
    #[must_use]
    pub fn tokens(mut self, tokens: TokenRules) -> Self {
        self.tokens = tokens;
        self
    }

    /// The addresses in here that the operator wrote down.
    pub(crate) fn addresses(&self) -> Vec<Url> {
        let mut addresses: Vec<Url> = self.issuer.parse().into_iter().collect();
        if let Grant::Enterprise(enterprise) = &self.grant {
            addresses.extend(enterprise.provider.parse::<Url>().ok());
            addresses.extend(enterprise.token_endpoint.clone());
        }
        addresses
    }

    /// Every secret in here that is a text.
    pub fn secrets(&self) -> impl Iterator<Item = &Secret<String>> {
        let of_grant: Vec<_> = match &self.grant {
            Grant::Workload { assertion: TokenSource::Fixed(secret) } => vec![secret],
            Grant::Enterprise(enterprise) => enterprise.secrets().collect(),
            _ => Vec::new(),
        };
        self.client.secret().into_iter().chain(of_grant)
    }
}

impl Grant {
    /// Whether the client comes to its name at the issuer on the way.
    pub fn registers(&self) -> bool {
        matches!(self, Self::Code(code) if !matches!(code.registration, Registration::Known))
    }
}

impl ClientAuth {
    /// The name that metadata have for it (RFC 8414, `token_endpoint_auth_methods_supported`).
    pub fn method(&self) -> &'static str {
        match self {
            Self::Basic(_) => "client_secret_basic",
            Self::Post(_) => "client_secret_post",
            Self::PrivateKey(_) => "private_key_jwt",
            Self::Certificate => "tls_client_auth",
            Self::Public => "none",
        }
    }

    /// The client's secret, if it has one.
    pub fn secret(&self) -> Option<&Secret<String>> {
        match self {
            Self::Basic(secret) | Self::Post(secret) => Some(secret),
            Self::PrivateKey(_) | Self::Certificate | Self::Public => None,
        }
    }
}

impl Enterprise {
    /// An identity provider that is found by its metadata.
    pub fn new(
        provider: impl Into<String>,
        client_id: impl Into<String>,
        client: ClientAuth,
        id_token: TokenSource,
    ) -> Self {
        Self { provider: provider.into(), token_endpoint: None, client_id: client_id.into(), client, id_token }
    }

    /// Sets the token endpoint, for a provider that publishes no metadata.
    #[must_use]
    pub fn token_endpoint(mut self, endpoint: Option<Url>) -> Self {
        self.token_endpoint = endpoint;
        self
    }

    fn secrets(&self) -> impl Iterator<Item = &Secret<String>> {
        let token = match &self.id_token {
            TokenSource::Fixed(token) => Some(token),
            TokenSource::File(_) => None,
        };
        self.client.secret().into_iter().chain(token)
    }
}

impl Code {
    /// A client that the operator registered or that registers itself, with no user to ask and nothing kept.
    pub fn new(registration: Registration) -> Self {
        Self { registration, agent: None, store: None, endpoints: Endpoints::default() }
    }

    /// Sets who shows the issuer's page to a person.
    #[must_use]
    pub fn agent(mut self, agent: Arc<dyn UserAgent>) -> Self {
        self.agent = Some(agent);
        self
    }

    /// Sets the file that keeps the refresh token.
    #[must_use]
    pub fn store(mut self, path: impl Into<PathBuf>) -> Self {
        self.store = Some(path.into());
        self
    }

    /// Sets where endpoints are known from.
    #[must_use]
    pub fn endpoints(mut self, endpoints: Endpoints) -> Self {
        self.endpoints = endpoints;
        self
    }
}

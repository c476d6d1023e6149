//! How a server's tokens are got: the OAuth 2.1 client's settings.

mod oauth;
mod token;

pub use oauth::{ClientAuth, Code, Endpoints, Enterprise, Grant, OAuth, Proof, Registration, StepUp, TokenSource};
pub(in crate::security) use token::is_reserved;
pub use token::{MissingAudience, Pkce, ResourceParameter, TokenRequest, TokenRules};

//! How a server's tokens are got: the OAuth 2.1 client's settings.

mod oauth;
mod server;
mod token;

pub use oauth::{ClientAuth, Code, Endpoints, Enterprise, Grant, OAuth, Proof, Registration, StepUp, TokenSource};
pub use server::{Access, ProtectedResource};
pub use token::is_reserved;
pub use token::{MissingAudience, Pkce, ResourceParameter, TokenRequest, TokenRules};

use std::fmt;

use futures_util::future::BoxFuture;
use url::Url;

/// Shows an issuer's page to a person, and says where the issuer sent that person afterwards.
pub trait UserAgent: Send + Sync + fmt::Debug {
    /// Where the issuer shall send the person back to (RFC 8252: an address of this machine).
    fn redirect_uri(&self) -> Url;

    /// Opens `page`, which asks for consent. The answer is the whole address that the issuer redirected to.
    ///
    /// # Errors
    /// Nobody came back. The text says why; it is shown to the operator.
    fn authorize<'a>(&'a self, page: &'a Url) -> BoxFuture<'a, Result<Url, String>>;
}

use std::fmt;

use async_trait::async_trait;
use url::Url;

/// Shows an issuer's page to a person, and says where the issuer sent that person afterwards.
#[async_trait]
pub trait UserAgent: Send + Sync + fmt::Debug {
    /// Where the issuer shall send the person back to (RFC 8252: an address of this machine).
    fn redirect_uri(&self) -> Url;

    /// Opens `page`, which asks for consent. The answer is the whole address that the issuer redirected to.
    ///
    /// # Errors
    /// The user did not come back. The text says why; it is shown to the operator.
    async fn authorize(&self, page: &Url) -> Result<Url, String>;
}

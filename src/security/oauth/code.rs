//! A person's consent (RFC 6749, section 4.1; RFC 7636; RFC 9207), and the refresh tokens that come of it.

use super::{
    AuthError,
    endpoint::Grant,
    grant::Target,
    issuing::{Issuer, Issuing},
};
use crate::security::boundary::Code;

/// What a consent left behind.
#[derive(Debug, Default)]
pub(super) struct Session {}

pub(super) async fn obtain(
    issuing: &Issuing,
    _issuer: &Issuer,
    _code: &Code,
    _target: Target<'_>,
) -> Result<Grant, AuthError> {
    Err(AuthError::LoginNeeded { issuer: issuing.oauth.issuer.clone() })
}

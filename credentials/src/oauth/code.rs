//! A person's consent (RFC 6749, section 4.1; RFC 7636; RFC 9207), and the refresh tokens that come of it.

mod authorize;
mod code;
mod logout;
mod register;
mod session;

pub use self::logout::{Revocation, consent_file, logout};
pub(in crate::oauth) use code::obtain;
pub(in crate::oauth) use session::Session;

//! Numbers of phones: `+49 (0)30 123-456` is `+4930123456`. The code of a country is never added, and numbers that stand beside each other
//! are never read as one.

mod group;
mod phone;

pub(in crate::session::reading) use phone::find;

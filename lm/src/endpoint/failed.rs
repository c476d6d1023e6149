use super::said::Said;
use crate::LmError;

/// Why a request has no reply, and what the server says where it may be the request's own parameters that are at fault.
pub(crate) struct Failed {
    pub(crate) error: LmError,
    /// Of a 400 or 422.
    pub(crate) said: Option<Said>,
}

impl From<LmError> for Failed {
    fn from(error: LmError) -> Self {
        Self { error, said: None }
    }
}

use std::sync::Arc;

use abide_base::{clock::Clock, secret::Redactor};
use abide_guard::Guard;
use abide_lm::Lm;
use abide_mcp::Boundary;

use super::limits::Limits;
use crate::adapter::Adapter;

#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) lm: Arc<dyn Lm>,
    pub(crate) adapter: Arc<dyn Adapter>,
    pub(crate) guard: Arc<Guard>,
    pub(crate) boundary: Boundary,
    pub(crate) limits: Limits,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) redactor: Redactor,
}

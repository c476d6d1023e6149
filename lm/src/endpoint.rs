//! Where a model is served: sending a request, and reading what comes back when it fails.

mod endpoint;
mod failure;
mod html;
mod said;
mod wait;

pub(crate) use endpoint::{Dialect, Endpoint};
pub(crate) use failure::Failed;
pub(crate) use said::Said;

#[cfg(test)]
mod tests;

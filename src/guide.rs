//! Guides: the pages of the repository's folder `docs`.

#[doc = include_str!("../docs/audit.md")]
pub mod audit {}

/// [audit]: crate::guide::audit
/// [episodes.md]: crate::guide::episodes
/// [servers.md]: crate::guide::servers
///
#[doc = include_str!("../docs/boundary.md")]
pub mod boundary {}

/// [events]: crate::guide::events
///
#[doc = include_str!("../docs/episodes.md")]
pub mod episodes {}

/// [`Secured`]: crate::metric::Secured
///
#[doc = include_str!("../docs/events.md")]
pub mod events {}

#[doc = include_str!("../docs/models.md")]
pub mod models {}

#[doc = include_str!("../docs/prompt-format.md")]
pub mod prompt_format {}

/// [events.md]: crate::guide::events
/// [their cases]: https://github.com/abide-rs/abide/blob/main/tests/it/wild/README.md
///
#[doc = include_str!("../docs/servers.md")]
pub mod servers {}

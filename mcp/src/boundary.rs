//! What the operator allows, and how it is connected to: a [`Policy`](abide_guard::Policy), [`Servers`](crate::servers::Servers) and the
//! [`Connections`](crate::Connections) to them, out of one file.

mod boundary;
mod draft;
mod file;
mod grants;

pub use boundary::Boundary;
pub use draft::Draft;

#[cfg(test)]
mod tests;

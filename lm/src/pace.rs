//! As many requests side by side as the server bears.

mod limit;
mod paced;

pub use paced::Paced;

#[cfg(test)]
mod tests;

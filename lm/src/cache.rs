//! Replies kept on disk.

mod cache;
mod store;

pub use cache::DiskCache;
pub use store::CacheStore;

#[cfg(test)]
mod tests;

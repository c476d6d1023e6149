mod client;
mod config;
pub(super) mod validity;

pub(crate) use config::config;

#[cfg(test)]
mod tests;

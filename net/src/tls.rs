mod client;
mod tls;
pub(super) mod validity;

pub(crate) use tls::config;

#[cfg(test)]
mod tests;

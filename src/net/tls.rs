mod client;
mod tls;
pub(super) mod validity;

pub(in crate::net) use tls::config;

#[cfg(test)]
mod tests;

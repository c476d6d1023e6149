mod agent;
mod loopback;

pub use agent::UserAgent;
pub use loopback::Loopback;

use rmcp::{
    ClientHandler,
    model::{ClientConfig, Implementation, ProtocolVersion},
};

use super::input;
use crate::servers::InputPolicy;

/// Who we are. What a server asks of us or tells us is dealt with below the protocol library, where it can be counted.
pub(super) struct Handler {
    pub(super) input: InputPolicy,
}

impl ClientHandler for Handler {
    fn get_info(&self) -> ClientConfig {
        let us = Implementation::new("abide", env!("CARGO_PKG_VERSION"));
        ClientConfig::new(input::capabilities(&self.input), us).with_protocol_version(ProtocolVersion::V_2025_11_25)
    }
}

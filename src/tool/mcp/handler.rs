#![expect(deprecated, reason = "what is refused here is deprecated")]

use std::sync::Arc;

use rmcp::{
    ClientHandler, RoleClient,
    model::{
        ClientConfig, ElicitRequestParams, ElicitResult, ElicitationCreateRequestMethod, ErrorData, Implementation,
        ListRootsRequestMethod, ListRootsResult, ProtocolVersion,
    },
    service::{NotificationContext, RequestContext},
};

use super::{input, listing::Freshness};
use crate::security::boundary::InputPolicy;

/// Answers what a server asks of us. Whatever is not here is not served: no sampling, no roots.
pub(super) struct Handler {
    pub(super) input: InputPolicy,
    pub(super) freshness: Arc<Freshness>,
}

impl ClientHandler for Handler {
    fn get_info(&self) -> ClientConfig {
        let us = Implementation::new("abide", env!("CARGO_PKG_VERSION"));
        ClientConfig::new(input::capabilities(&self.input), us).with_protocol_version(ProtocolVersion::V_2025_11_25)
    }

    async fn list_roots(&self, _: RequestContext<RoleClient>) -> Result<ListRootsResult, ErrorData> {
        Err(ErrorData::method_not_found::<ListRootsRequestMethod>())
    }

    async fn create_elicitation(
        &self,
        question: ElicitRequestParams,
        _: RequestContext<RoleClient>,
    ) -> Result<ElicitResult, ErrorData> {
        if self.input == InputPolicy::Decline {
            return Err(ErrorData::method_not_found::<ElicitationCreateRequestMethod>());
        }
        Ok(input::answer(&self.input, &question))
    }

    async fn on_tool_list_changed(&self, _: NotificationContext<RoleClient>) {
        self.freshness.lose();
    }
}

//! The MCP side of the customer service.

use std::{borrow::Cow, future::Future, sync::Arc};

use rmcp::{
    ErrorData, RoleServer, ServerHandler,
    model::{
        CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, Implementation, ListToolsResult,
        PaginatedRequestParams, ServerCapabilities, ServerConfig, Tool,
    },
    service::RequestContext,
};
use serde_json::Value;

use super::{execute::execute, gate::Caller, scope_of, tool::Catalog};
use crate::log::{Call, Log, Refusal, Verdict};

#[derive(Clone, Debug)]
pub(super) struct CustomerService {
    catalog: Arc<Catalog>,
    log: Log,
}

impl CustomerService {
    pub(super) fn new(catalog: Arc<Catalog>, log: Log) -> Self {
        Self { catalog, log }
    }

    fn call(&self, tool: Cow<'static, str>, arguments: Value, caller: &Caller) -> Reply {
        let (verdict, reply) = if scope_of(&tool).is_none() {
            let reason = Refusal::UnknownTool;
            (Verdict::Refused { reason }, Err(format!("unknown tool `{tool}`")))
        } else if !caller.may(&tool) {
            let reason = Refusal::InsufficientScope;
            (Verdict::Refused { reason }, Err("insufficient scope".to_owned()))
        } else {
            let done = self.catalog.check(&tool, &arguments).and_then(|()| execute(&tool, &arguments));
            match done {
                Ok(value) => (Verdict::Done, Ok(CallToolResult::structured(value))),
                Err(error) => {
                    let shown = CallToolResult::error(vec![ContentBlock::text(error.clone())]);
                    (Verdict::Failed { error }, Ok(shown))
                }
            }
        };
        self.log.append(Call {
            trace: caller.trace,
            tool: tool.into_owned(),
            arguments,
            subject: caller.claims.sub.clone(),
            scope: caller.claims.scope.clone(),
            verdict,
        });
        reply.map(Into::into).map_err(|message| ErrorData::invalid_params(message, None))
    }
}

type Reply = Result<CallToolResponse, ErrorData>;

impl ServerHandler for CustomerService {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
            .with_server_info(Implementation::new("customer-service", env!("CARGO_PKG_VERSION")))
            .with_instructions("Customer service: customers, tickets, account values.")
    }

    fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> impl Future<Output = Result<ListToolsResult, ErrorData>> + Send {
        std::future::ready(Ok(ListToolsResult::with_all_items(self.catalog.tools.clone())))
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        self.catalog.tools.iter().find(|tool| tool.name == name).cloned()
    }

    fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> impl Future<Output = Reply> + Send {
        let caller =
            context.extensions.get::<axum::http::request::Parts>().and_then(|parts| parts.extensions.get::<Caller>());
        let reply = match caller {
            Some(caller) => {
                let arguments = Value::Object(request.arguments.unwrap_or_default());
                self.call(request.name, arguments, caller)
            }
            None => Err(ErrorData::internal_error("the caller is unknown", None)),
        };
        std::future::ready(reply)
    }
}

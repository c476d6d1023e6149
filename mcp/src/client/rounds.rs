use std::sync::Arc;

use abide_base::call::ToolCall;
use rmcp::{
    model::{CallToolRequest, CallToolRequestParams, InputRequiredResult, RequestMetaObject, ServerResult},
    service::ServiceError,
};

use super::{
    call::{CallHandle, Idempotency},
    error::{Fault, Sent},
    input,
    link::{Link, Session},
    reply::{self, Unchecked},
};
use crate::ToolError;

/// One call on its way: sent, and sent again where the server wants that: later, or with input.
pub(super) struct Rounds<'a> {
    link: &'a Link,
    session: &'a Session,
    handle: &'a Arc<CallHandle>,
    params: CallToolRequestParams,
    asked: u32,
    lost: u32,
}

/// So often may a server ask for input, or for another round without asking for anything.
const MAX_ROUNDS: u32 = 4;
/// So often is a call repeated whose reply was lost, if it changes nothing.
const MAX_LOST: u32 = 1;

impl<'a> Rounds<'a> {
    pub(super) fn new(link: &'a Link, session: &'a Session, handle: &'a Arc<CallHandle>, call: ToolCall) -> Self {
        let params = CallToolRequestParams::new(call.tool.local().to_owned()).with_arguments(call.arguments);
        Self { link, session, handle, params, asked: 0, lost: 0 }
    }

    pub(super) async fn run(mut self) -> Result<Unchecked, Fault> {
        loop {
            match self.send().await {
                Ok(ServerResult::InputRequiredResult(question)) => self.prepare(question).await?,
                Ok(result) => match reply::of_result(result, self.tool(), self.handle.retry) {
                    // the tool itself says so, and not how far it got
                    Err(ToolError::RateLimited) if self.handle.retry == Idempotency::Once => {
                        self.handle.rate_limited(None);
                        let reason = "the tool says that a rate is limited, and not whether it did anything";
                        return Err(ToolError::BadReply(reason.to_owned()).into());
                    }
                    Err(ToolError::RateLimited) => self.wait_for_the_rate().await?,
                    result => return Ok(result?),
                },
                // some servers limit the rate with a JSON-RPC error, and say no time to wait: such a call was not made
                Err(ServiceError::McpError(error)) if reply::is_rate_limit(&error, self.handle.retry) => {
                    self.wait_for_the_rate().await?
                }
                Err(ServiceError::McpError(error)) => {
                    return Ok(reply::of_protocol_error(&error, self.tool(), self.handle.redactor())?.into());
                }
                Err(error) => match (Fault::of_service(error, self.handle.redactor()), self.session.cut()) {
                    (Fault::Closed | Fault::BrokenOff(_), None) if self.may_repeat() => self.lost += 1,
                    (fault, cut) => return Err(cut.unwrap_or(fault)),
                },
            }
        }
    }

    fn tool(&self) -> &str {
        &self.params.name
    }

    async fn send(&self) -> Result<ServerResult, ServiceError> {
        let mut request = CallToolRequest::new(self.params.clone());
        request.extensions.insert(self.handle.clone());
        let mut meta = RequestMetaObject::default();
        meta.set_traceparent(&self.handle.traceparent);
        if !self.link.is_http() {
            self.handle.set_sent(Sent::Perhaps);
        }
        self.session.call(request, meta).await
    }

    /// The next request says the same as the first, and answers the last question. What the server wants to be told again is
    /// returned as it came.
    async fn prepare(&mut self, question: InputRequiredResult) -> Result<(), ToolError> {
        self.asked += 1;
        if self.asked > MAX_ROUNDS {
            return Err(ToolError::InputRequired { wanted: "input again and again" });
        }
        let questions = question.input_requests.unwrap_or_default();
        let answers = input::answer_all(self.link.input(), &questions)?;
        if answers.is_empty() {
            self.link.pause(self.asked).await;
        }
        self.params.input_responses = (!answers.is_empty()).then_some(answers);
        self.params.request_state = question.request_state;
        Ok(())
    }

    async fn wait_for_the_rate(&self) -> Result<(), ToolError> {
        self.handle.set_sent(Sent::No);
        let before = self.handle.rate_limited(None);
        if self.link.wait(before).await { Ok(()) } else { Err(ToolError::RateLimited) }
    }

    /// A reply that broke off is lost, in the newer era for good. Over HTTP the server goes on; a program that ended stays ended.
    fn may_repeat(&self) -> bool {
        self.link.is_http() && self.handle.retry == Idempotency::Repeatable && self.lost < MAX_LOST
    }
}

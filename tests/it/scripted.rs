//! A model that says what a test tells it to, and remembers what it was asked.

use std::sync::{Arc, Mutex};

use abide::{
    async_trait,
    id::ModelId,
    lm::{LmError, LmReply, LmRequest, Message},
    prelude::*,
};
use abide_testbed::{Options, Testbed};
use serde_json::Value;

use crate::support::{Agent, CustomerServiceInput, boundary, lm, rules};

/// Writes down every request on its way to another model.
pub(crate) struct Recorded {
    inner: Arc<dyn Lm>,
    requests: Mutex<Vec<LmRequest>>,
}

/// A testbed whose model `scripted` says one reply after the other.
pub(crate) struct Stage {
    pub(crate) testbed: Arc<Testbed>,
    pub(crate) boundary: Boundary,
    pub(crate) runtime: Runtime,
    pub(crate) heard: Arc<Recorded>,
}

impl Recorded {
    pub(crate) fn new(inner: Arc<dyn Lm>) -> Arc<Self> {
        Arc::new(Self { inner, requests: Mutex::default() })
    }

    pub(crate) fn requests(&self) -> Vec<LmRequest> {
        self.requests.lock().unwrap().clone()
    }

    /// The last message of each request.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.requests().iter().map(|request| last(&request.messages)).collect()
    }
}

#[async_trait]
impl Lm for Recorded {
    fn model(&self) -> &ModelId {
        self.inner.model()
    }

    async fn complete(&self, request: &LmRequest) -> Result<LmReply, LmError> {
        self.requests.lock().unwrap().push(request.clone());
        self.inner.complete(request).await
    }
}

impl Stage {
    pub(crate) async fn new(replies: impl IntoIterator<Item = String>) -> Self {
        Self::with_rules(&rules(), replies).await
    }

    pub(crate) async fn with_rules(rules: &str, replies: impl IntoIterator<Item = String>) -> Self {
        let testbed = Arc::new(Testbed::start(Options::default()).await.unwrap());
        testbed.model().script(replies.into_iter().map(Value::String));
        let boundary = boundary(&testbed, rules);
        let heard = Recorded::new(lm(&testbed, "scripted"));
        let runtime = Runtime::builder().lm(heard.clone()).boundary(boundary.clone()).build();
        Self { testbed, boundary, runtime, heard }
    }

    pub(crate) async fn agent(&self) -> Agent {
        ReAct::new(Toolbox::connect(&self.boundary).await.unwrap())
    }
}

/// A reply in the chat format.
pub(crate) fn says(fields: &[(&str, &str)]) -> String {
    let field = |(name, value): &(&str, &str)| format!("[[ ## {name} ## ]]\n{value}\n\n");
    fields.iter().map(field).collect::<String>() + "[[ ## completed ## ]]"
}

/// A turn of an agent.
pub(crate) fn step(tool: &str, arguments: Value) -> String {
    says(&[("thought", "go on"), ("tool", tool), ("arguments", &arguments.to_string())])
}

pub(crate) fn ask(request: &str) -> CustomerServiceInput {
    CustomerServiceInput { request: request.into() }
}

/// The names of the fields whose markers stand at the start of a line.
pub(crate) fn fields_of(message: &str) -> Vec<&str> {
    message.lines().filter_map(|line| line.strip_prefix("[[ ## ")?.split_once(" ## ]]").map(|(name, _)| name)).collect()
}

/// The text of a field that stands on one line.
pub(crate) fn field<'m>(message: &'m str, name: &str) -> &'m str {
    let marker = format!("[[ ## {name} ## ]]\n");
    let (_, rest) = message.split_once(&marker).unwrap_or_else(|| panic!("no field `{name}` in {message}"));
    rest.lines().next().unwrap()
}

fn last(messages: &[Message]) -> String {
    messages.last().unwrap().text().into_owned()
}

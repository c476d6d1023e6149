//! A runtime over real servers, for tests.

mod calls;
mod one_call;

use std::sync::Arc;

use abide::{
    lm::{Lm, Retry, openai::OpenAi},
    net,
    prelude::*,
    runtime::Limits,
};
use abide_testbed::{Options, Testbed, TraceId, task};

pub(crate) use self::{
    calls::{Caller, Hasty, events},
    one_call::{NoModel, OneCall},
};
pub(crate) use abide_testbed::lab::log::LogCapture;

/// Handle customer service requests using the available tools.
#[derive(Signature)]
pub(crate) struct CustomerService {
    /// Customer service request
    #[input(max_chars = 2_000)]
    pub(crate) request: String,
    /// Helpful customer service response
    #[output(max_chars = 2_000)]
    pub(crate) response: String,
}

pub(crate) type Request = Example<CustomerServiceInput, task::Label>;
pub(crate) type Agent = ReAct<CustomerService>;

pub(crate) const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/data/customer_service");
/// The folder of the workspace; the manifest of these tests is that of `cli/`.
pub(crate) const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// A testbed, and a runtime over it.
pub(crate) struct World {
    pub(crate) testbed: Arc<Testbed>,
    pub(crate) runtime: Runtime,
    pub(crate) agent: Agent,
}

impl World {
    /// A world with one of the testbed's models and the rules of the example.
    pub(crate) async fn with_model(options: Options, model: &str) -> Self {
        Self::with_rules(options, model, &rules(), 8).await
    }

    /// A world with other rules, and an agent that may take so many turns.
    pub(crate) async fn with_rules(options: Options, model: &str, rules: &str, turns: u32) -> Self {
        let testbed = Arc::new(Testbed::start(options).await.unwrap());
        let boundary = boundary(&testbed, rules);
        let tools = Toolbox::connect(&boundary).await.unwrap();
        let runtime = Runtime::builder()
            .lm(lm(&testbed, model))
            .boundary(boundary)
            .limits(Limits::default().temperature(0.7).model_calls(2 * turns + 2))
            .build();
        Self { testbed, runtime, agent: ReAct::new(tools).max_iters(turns) }
    }

    /// The task's own judgement of a run.
    pub(crate) fn resolved(
        &self,
    ) -> impl Fn(&Request, &Run<CustomerServiceOutput>) -> bool + Clone + Send + Sync + 'static {
        let testbed = self.testbed.clone();
        move |request, run| {
            let answer = run.outcome.as_ref().map_or("", |output| &output.response);
            task::grade(&request.label, &testbed.state(trace(run)), answer) >= 1.0
        }
    }
}

pub(crate) fn lm(testbed: &Testbed, model: &str) -> Arc<dyn Lm> {
    let client = net::Client::new(&net::Options::own_network()).unwrap();
    Arc::new(Retry::new(Arc::new(OpenAi::new(client, testbed.model_url().parse().unwrap(), model, None).unwrap())))
}

pub(crate) fn rules() -> String {
    std::fs::read_to_string(format!("{DATA}/boundary.toml")).unwrap()
}

/// The rules of a file at the addresses of a testbed.
pub(crate) fn boundary(testbed: &Testbed, rules: &str) -> Boundary {
    let secret = |_: &str| Some(testbed.client_secret().to_owned());
    Boundary::parse(rules, DATA, &secret)
        .unwrap()
        .with_server("crm", |server| {
            server.url = testbed.mcp_url().parse().unwrap();
            server.oauth_mut().unwrap().issuer = testbed.issuer().to_owned();
            server.connection.ca_bundle = Some(testbed.ca_path().to_owned());
        })
        .unwrap()
}

pub(crate) fn trace<O>(run: &Run<O>) -> TraceId {
    run.episode.run.to_string().parse().unwrap()
}

pub(crate) fn load(split: &str) -> Dataset<CustomerServiceInput, task::Label> {
    Dataset::load(format!("{DATA}/{split}.jsonl")).unwrap()
}

/// The first examples of a split.
pub(crate) fn some(split: &str, count: usize) -> Dataset<CustomerServiceInput, task::Label> {
    Dataset::new(load(split).iter().take(count).cloned()).unwrap()
}

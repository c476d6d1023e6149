//! A model that answers from a list, a runtime over it, what is logged, and tables of the documentation; for tests.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use abide_base::id::ModelId;
use abide_lm::{Lm, LmError, LmReply, LmRequest};
use abide_mcp::Boundary;
use async_trait::async_trait;

use crate::{Runtime, Signature};

/// Repeat.
#[derive(Signature)]
pub(crate) struct Repeat {
    #[input(max_chars = 20)]
    pub(crate) word: String,
    #[output]
    pub(crate) echo: String,
}

pub(crate) struct ScriptedLm {
    model: ModelId,
    replies: Mutex<VecDeque<Result<LmReply, LmError>>>,
    requests: Mutex<Vec<LmRequest>>,
}

impl ScriptedLm {
    /// Says these texts, then nothing any more.
    pub(crate) fn texts<'t>(texts: impl IntoIterator<Item = &'t str>) -> Arc<Self> {
        Self::replies(texts.into_iter().map(|text| Ok(LmReply::new(text))))
    }

    pub(crate) fn replies(replies: impl IntoIterator<Item = Result<LmReply, LmError>>) -> Arc<Self> {
        let replies = Mutex::new(replies.into_iter().collect());
        Arc::new(Self { model: ModelId("test/says".into()), replies, requests: Mutex::default() })
    }

    pub(crate) fn requests(&self) -> Vec<LmRequest> {
        self.requests.lock().unwrap().clone()
    }

    /// The last message of each request.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.requests().into_iter().map(|request| request.messages.last().unwrap().text().into_owned()).collect()
    }
}

#[async_trait]
impl Lm for ScriptedLm {
    fn model(&self) -> &ModelId {
        &self.model
    }

    /// Without a reply left it never answers.
    async fn complete(&self, request: &LmRequest) -> Result<LmReply, LmError> {
        self.requests.lock().unwrap().push(request.clone());
        let next = self.replies.lock().unwrap().pop_front();
        match next {
            Some(reply) => reply,
            None => std::future::pending().await,
        }
    }
}

pub(crate) fn boundary(rules: &str) -> Boundary {
    Boundary::parse(rules, "", &|_| None).unwrap()
}

pub(crate) fn runtime(lm: Arc<ScriptedLm>, rules: &str) -> Runtime {
    Runtime::builder().lm(lm).boundary(boundary(rules)).build()
}

/// A reply in the chat format.
pub(crate) fn reply(fields: &[(&str, &str)]) -> String {
    let field = |(name, value): &(&str, &str)| format!("[[ ## {name} ## ]]\n{value}\n\n");
    fields.iter().map(field).collect::<String>() + "[[ ## completed ## ]]"
}

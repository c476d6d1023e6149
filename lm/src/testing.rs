//! A model that answers from a script, and a server that does; for tests.
#![expect(clippy::unwrap_used, reason = "tests")]

mod server;
mod traffic;

use std::{
    collections::VecDeque,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use abide_base::id::ModelId;
use async_trait::async_trait;
use tokio::sync::Semaphore;

pub(super) use server::{Asked, Canned, Server};

use crate::{Lm, LmError, LmReply, LmRequest, Message};

pub(super) struct Scripted {
    model: ModelId,
    script: Mutex<VecDeque<Result<LmReply, LmError>>>,
    pub(super) calls: AtomicUsize,
    /// Every call takes one permit before it answers.
    pub(super) gate: Semaphore,
}

impl Scripted {
    /// Answers in this order, then with `fine` for ever.
    pub(super) fn new(script: impl IntoIterator<Item = Result<LmReply, LmError>>) -> Self {
        Self {
            model: ModelId("test/scripted".to_owned()),
            script: Mutex::new(script.into_iter().collect()),
            calls: AtomicUsize::new(0),
            gate: Semaphore::new(Semaphore::MAX_PERMITS),
        }
    }

    pub(super) fn closed(mut self) -> Self {
        self.gate = Semaphore::new(0);
        self
    }

    pub(super) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

#[async_trait]
impl Lm for Scripted {
    fn model(&self) -> &ModelId {
        &self.model
    }

    async fn complete(&self, _: &LmRequest) -> Result<LmReply, LmError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        self.gate.acquire().await.unwrap().forget();
        let next = self.script.lock().unwrap().pop_front();
        next.unwrap_or_else(|| Ok(LmReply::new("fine")))
    }
}

pub(super) fn ask(text: &str) -> LmRequest {
    LmRequest::new(vec![Message::user(text)])
}

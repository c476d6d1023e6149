//! Our requests to a program that have no answer yet, and how long their answers may be.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use rmcp::model::{ClientRequest, GetExtensions, RequestId, ServerJsonRpcMessage};

use super::super::{answer::Question, call::CallHandle, limit::MAX_REPLY, message, oddity::Oddities, subject::Subject};

#[derive(Default)]
pub(super) struct Open(Mutex<Requests>);

#[derive(Default)]
struct Requests {
    waiting: HashMap<RequestId, Waiting>,
    /// Requests that were given up, whose answers may come all the same.
    given_up: VecDeque<GivenUp>,
}

/// A request whose answer is waited for.
pub(super) struct Waiting {
    question: Question,
    /// The most bytes of its answer.
    most: usize,
}

struct GivenUp {
    id: RequestId,
    subject: Subject,
    /// The most bytes of its answer.
    most: usize,
}

/// What a line is addressed to, by its id.
pub(super) enum Addressed {
    /// A request whose answer is waited for.
    Waiting(Waiting),
    /// One that was given up.
    GivenUp,
    /// None of them.
    Nothing,
}

/// So many requests that were given up are remembered.
const MAX_GIVEN_UP: usize = 256;

impl Open {
    pub(super) fn add(&self, id: &RequestId, request: &ClientRequest) {
        let handle = request.extensions().get::<Arc<CallHandle>>();
        let most = handle.map_or(MAX_REPLY, |handle| handle.limits.receive_bytes);
        let waiting = Waiting { question: Question::of(id, request), most };
        self.lock().waiting.insert(id.clone(), waiting);
    }

    /// The most bytes of a line: as many as the answer to any of them may have.
    pub(super) fn most(&self) -> usize {
        let requests = self.lock();
        let given_up = requests.given_up.iter().map(|request| request.most);
        requests.waiting.values().map(|waiting| waiting.most).chain(given_up).fold(MAX_REPLY, usize::max)
    }

    /// What a line may be about that could be the answer to any of them.
    pub(super) fn subject(&self) -> Subject {
        let requests = self.lock();
        if requests.given_up.iter().any(|request| request.subject == Subject::Call) {
            return Subject::Other;
        }
        let mut subjects = requests.waiting.values().map(|waiting| Subject::of(&waiting.question.asked));
        let first = subjects.next();
        first.filter(|first| subjects.all(|subject| subject == *first)).unwrap_or(Subject::Other)
    }

    pub(super) fn count(&self) -> usize {
        self.lock().waiting.len()
    }

    /// Takes out the request that was answered with this id.
    pub(super) fn take(&self, answered: &RequestId) -> Addressed {
        let mut requests = self.lock();
        if let Some(waiting) = requests.waiting.remove(answered) {
            return Addressed::Waiting(waiting);
        }
        match requests.given_up.iter().position(|request| request.id == *answered) {
            Some(at) => {
                requests.given_up.remove(at);
                Addressed::GivenUp
            }
            None => Addressed::Nothing,
        }
    }

    /// Takes out the only one.
    pub(super) fn take_only(&self) -> Addressed {
        let mut requests = self.lock();
        let only = requests.waiting.keys().next().cloned().filter(|_| requests.waiting.len() == 1);
        only.and_then(|id| requests.waiting.remove(&id)).map_or(Addressed::Nothing, Addressed::Waiting)
    }

    /// From now on the answer to this one is not waited for.
    pub(super) fn give_up(&self, id: &RequestId) {
        let mut requests = self.lock();
        let Some(waiting) = requests.waiting.remove(id) else { return };
        if requests.given_up.len() == MAX_GIVEN_UP {
            requests.given_up.pop_front();
        }
        let subject = Subject::of(&waiting.question.asked);
        requests.given_up.push_back(GivenUp { id: id.clone(), subject, most: waiting.most });
    }

    fn lock(&self) -> MutexGuard<'_, Requests> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    /// What its answer is. Another request may allow a longer line than this one; and what cannot be read is an answer too, or the call
    /// would wait for ever.
    pub(super) fn answer(self, text: &[u8], oddities: &Oddities) -> ServerJsonRpcMessage {
        let Self { question, most } = self;
        if text.len() > most {
            return message::too_long(Subject::of(&question.asked), most, question.id);
        }
        let answer = question.answer_in(&String::from_utf8_lossy(text), oddities);
        answer.unwrap_or_else(|| message::unusable("it cannot be read", question.id))
    }
}

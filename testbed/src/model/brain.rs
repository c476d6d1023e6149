//! A request in, a reply out.

use std::{
    cell::RefCell,
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{
    behave::{Brief, Luck, Move, Scene},
    demo::{self, Showing},
    hostile,
    intent::{self, Intent},
    keyed::keyed,
    prompt::{Chat, Form, Prompt, Turn, objective, properties, render},
    propose,
    respond::outputs,
    world::{Comprehension, Influence, World},
};

pub use super::reply::Reply;

/// Entries of a cache before it is emptied.
const CACHE: usize = 20_000;

/// The simulated model of one world.
#[derive(Debug)]
pub struct StandIn {
    world: World,
    lines: Cache<Comprehension>,
    demonstrations: Cache<Vec<Showing>>,
    briefs: Cache<Brief>,
}

impl StandIn {
    /// The model of the world with this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            world: World::new(seed),
            lines: Cache::default(),
            demonstrations: Cache::default(),
            briefs: Cache::default(),
        }
    }

    /// The reply to a request. The same request gets the same reply.
    #[must_use]
    pub fn reply(&self, chat: &Chat) -> Reply {
        let prompt = Prompt::read(chat);
        let luck = Luck { key: self.key(chat), temperature: chat.temperature };
        if propose::is_asked_for(chat, &prompt) {
            return Reply::text(propose::reply(chat, &prompt, luck));
        }
        let intent = Intent::read(&prompt.request);
        let signature = intent::signature(&prompt.request, &intent);
        let brief = self.brief(chat, &prompt);
        let scene = Scene {
            world: &self.world,
            brief: &brief,
            request: &prompt.request,
            intent: &intent,
            signature: &signature,
            steps: &prompt.steps,
            tools: &prompt.tools,
            luck,
            alike: RefCell::default(),
        };
        if prompt.wants_step() {
            return written(&prompt, scene.decide());
        }
        let answer = scene.answer();
        match prompt.form {
            Form::Markers | Form::Json if !prompt.outputs.is_empty() => {
                Reply::text(render(&prompt.form, &outputs(&prompt.outputs, &answer)))
            }
            Form::Json => Reply::text(json!({ "response": answer }).to_string()),
            _ => Reply::text(answer),
        }
    }

    fn brief(&self, chat: &Chat, prompt: &Prompt) -> Arc<Brief> {
        let instruction = objective(&chat.system);
        let examples = chat.turns.get(..prompt.demonstrations).unwrap_or_default();
        let key = keyed(&(instruction, examples.iter().map(spoken).collect::<Vec<_>>()));
        self.briefs.of(key, || {
            let mut words = instruction.split_whitespace().count();
            let mut showings = Vec::new();
            for pair in examples.chunks(2) {
                let [Turn::User(user), model @ Turn::Model(text, _)] = pair else {
                    continue;
                };
                words += user.split_whitespace().count() + text.split_whitespace().count();
                let key = keyed(&(user, text));
                showings.extend_from_slice(&self.demonstrations.of(key, || demo::showings(user, model)));
            }
            let showings = demo::distinct(showings);
            let comprehension = self.comprehend(instruction);
            let influence = Influence { comprehension, words, shown: demo::shown_rules(&showings) };
            Brief { influence, showings }
        })
    }

    /// The best understanding of any line; lines in the middle of a long instruction count less.
    fn comprehend(&self, instruction: &str) -> Comprehension {
        let lines: Vec<&str> = instruction
            .lines()
            .flat_map(|line| line.split_inclusive(['.', '!', ';']))
            .map(str::trim)
            .filter(|line| !line.is_empty())
            .collect();
        let mut out = Comprehension::default();
        for (nth, line) in lines.iter().enumerate() {
            let at_edge = nth < 3 || nth + 2 >= lines.len();
            let understood = self.lines.of(keyed(line), || self.world.comprehend(line));
            out.merge(&understood, if at_edge { 1.0 } else { 0.75 });
        }
        out
    }

    fn key(&self, chat: &Chat) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(self.world.seed().to_le_bytes());
        hash.update(chat.seed.to_le_bytes());
        for text in std::iter::once(chat.system.as_str()).chain(chat.turns.iter().map(spoken)) {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text);
        }
        for tool in &chat.tools {
            hash.update(&tool.name);
        }
        hash.finalize().into()
    }
}

/// The reply of the hostile model: see [`hostile`].
#[must_use]
pub fn hostile_reply(chat: &Chat) -> Reply {
    let prompt = Prompt::read(chat);
    if prompt.wants_step() {
        return written(&prompt, hostile::next(&prompt));
    }
    let answer = hostile::answer(&prompt);
    match prompt.form {
        Form::Plain | Form::Native => Reply::text(answer),
        _ => Reply::text(render(&prompt.form, &outputs(&prompt.outputs, &answer))),
    }
}

/// Writes a move in the form that the request asks for.
fn written(prompt: &Prompt, decided: Move) -> Reply {
    let finish = prompt.tools.iter().find(|tool| tool.name == "finish");
    let (thought, tool, arguments) = match decided {
        Move::Call { thought, tool, arguments } => (thought, tool, arguments),
        Move::Finish { text, .. } if prompt.form == Form::Native && finish.is_none() => {
            return Reply::text(if prompt.outputs.is_empty() {
                text
            } else {
                render(&Form::Markers, &outputs(&prompt.outputs, &text))
            });
        }
        Move::Finish { thought, text } => {
            let fields = finish.map(|tool| properties(&tool.schema)).unwrap_or_default();
            let arguments = if fields.is_empty() {
                json!({ "response": text })
            } else {
                outputs(&fields, &text).into_iter().collect()
            };
            (thought, "finish".to_owned(), arguments)
        }
    };
    if prompt.form == Form::Native {
        return Reply { text: String::new(), calls: vec![(tool, arguments)] };
    }
    let value = |name: &str| match name {
        "tool" => json!(tool),
        "arguments" => arguments.clone(),
        _ => json!(thought),
    };
    let fields: Vec<(String, Value)> =
        prompt.outputs.iter().map(|field| (field.name.clone(), value(&field.name))).collect();
    Reply::text(render(&prompt.form, &fields))
}

fn spoken(turn: &Turn) -> &str {
    match turn {
        Turn::User(text) | Turn::Model(text, _) | Turn::Tool(_, text) => text,
    }
}

/// A bounded cache; what it holds depends on the key alone, so emptying it changes nothing but time.
#[derive(Debug)]
struct Cache<T>(Mutex<HashMap<u64, Arc<T>>>);

impl<T> Default for Cache<T> {
    fn default() -> Self {
        Self(Mutex::new(HashMap::new()))
    }
}

impl<T> Cache<T> {
    fn of(&self, key: u64, make: impl FnOnce() -> T) -> Arc<T> {
        if let Some(found) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Arc::clone(found);
        }
        let made = Arc::new(make());
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= CACHE {
            entries.clear();
        }
        entries.insert(key, Arc::clone(&made));
        made
    }
}

//! What some runs did: who called what, with which values, and where each could have come from.

use std::{
    collections::{BTreeMap, BTreeSet},
    num::NonZeroU32,
};

use abide_base::{
    call::{ReplyStatus, ToolCall, ToolName},
    scope::ScopeSet,
};
use abide_guard::{
    call_digest::arguments_digest,
    check::values::items,
    policy::{Registry, Source},
    recording::{Expectation, RecordedCall, Recording},
    replay,
    session::Structure,
    text::decodings::normalize,
};
use serde_json::Value;

use super::InferError;

/// What was seen in all runs.
#[derive(Default)]
pub(super) struct Seen {
    /// The number of runs.
    pub(super) episodes: usize,
    /// The scopes of each run's token, and the tools that it called.
    pub(super) tokens: Vec<(ScopeSet, BTreeSet<ToolName>)>,
    /// What was seen of each tool.
    pub(super) tools: BTreeMap<ToolName, Usage>,
    /// Most calls of one run.
    pub(super) most_calls: usize,
    /// Fields of replies that somewhere held more than a name or a number.
    pub(super) prose: BTreeSet<(ToolName, String)>,
}

/// What was seen of one tool.
#[derive(Default)]
pub(super) struct Usage {
    /// The runs that called it, by number.
    pub(super) episodes: BTreeSet<usize>,
    /// Most calls of one run.
    pub(super) most_calls: usize,
    /// The runs in which the very same call was made again.
    pub(super) repeated: usize,
    /// All its calls.
    pub(super) calls: usize,
    /// The calls that every one of its calls came after, each with the arguments that were the same.
    pub(super) after: Option<Forerunners>,
    pub(super) arguments: BTreeMap<String, Sightings>,
}

/// What was seen of one argument.
#[derive(Default)]
pub(super) struct Sightings {
    /// The values, by their text as JSON.
    pub(super) values: BTreeMap<String, Sighting>,
    /// Calls that gave it at least one value.
    pub(super) calls: usize,
    /// Runs that gave it one.
    pub(super) episodes: BTreeSet<usize>,
    /// Most different values in one run.
    pub(super) most_distinct: usize,
    /// Most values of one call.
    pub(super) most_items: usize,
    /// Calls that gave a list.
    pub(super) lists: usize,
    /// Where values are objects: what was seen of each of their fields, with those that they were in.
    pub(super) fields: BTreeMap<String, Sightings>,
    /// Objects with keys that are data, as in `{"ann@corp.example": "r"}`.
    pub(super) odd: usize,
}

/// One value of an argument.
pub(super) struct Sighting {
    pub(super) value: Value,
    /// The runs that used it.
    pub(super) episodes: BTreeSet<usize>,
    /// For each use, the places that it can have been taken from.
    pub(super) sources: BTreeSet<BTreeSet<Source>>,
    /// For each use, all places that had it, also those that said it only after the run had.
    pub(super) had: BTreeSet<BTreeSet<Source>>,
}

/// Tools, with pairs of their arguments and one's own.
pub(super) type Forerunners = BTreeMap<ToolName, BTreeSet<(String, String)>>;

/// Fields of replies in one run, and values that stood there.
type Told = BTreeMap<(ToolName, String), BTreeSet<String>>;

/// What replies said in one run.
#[derive(Default)]
struct Replies {
    /// What the run learned from them: had not said before.
    learned: Told,
    all: Told,
}

/// The places of one use of a value.
struct Places {
    usable: BTreeSet<Source>,
    all: BTreeSet<Source>,
}

/// Longer texts are no names.
const MAX_NAME_CHARS: usize = 128;

/// Looks at all runs.
pub(super) fn look(recordings: &[Recording]) -> Result<Seen, InferError> {
    let mut seen = Seen { episodes: recordings.len(), ..Seen::default() };
    for (number, recording) in recordings.iter().enumerate() {
        let denial =
            |call: &RecordedCall| !matches!(call.expect.or(recording.expect), None | Some(Expectation::Permit));
        if recording.calls.iter().any(denial) {
            return Err(InferError::ExpectsDenial { episode: recording.id.clone() });
        }
        seen.episode(number, recording)?;
    }
    Ok(seen)
}

/// A count of at least one, as boundaries have them.
pub(super) fn count(number: usize) -> Option<NonZeroU32> {
    NonZeroU32::new(u32::try_from(number).unwrap_or(u32::MAX))
}

/// The text by which equal values are known.
pub(super) fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Whether a text can be the name, address or number of something: no blanks, nothing invisible, not long.
pub(super) fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.chars().count() <= MAX_NAME_CHARS
        && text.chars().any(char::is_alphanumeric)
        && !text.chars().any(|c| c.is_whitespace() || c.is_control())
}

/// Whether one name ends like the other, but for case and signs: `event_id` and `id_`.
pub(super) fn agree(argument: &str, field: &str) -> bool {
    let (argument, field) = (normalize(argument), normalize(field));
    !field.is_empty() && !argument.is_empty() && (argument.ends_with(&field) || field.ends_with(&argument))
}

impl Seen {
    fn episode(&mut self, number: usize, recording: &Recording) -> Result<(), InferError> {
        let wrong = |error| InferError::Recording { episode: recording.id.clone(), error };
        let scopes = replay::scopes(recording).map_err(wrong)?;
        let session = replay::session(recording);
        let trusted: Vec<Source> = trusted(recording);
        let (mut replies, mut said) = (Replies::default(), BTreeSet::new());
        let (mut calls, mut distinct) = (BTreeMap::<ToolName, usize>::new(), BTreeMap::new());
        let (mut made, mut repeated, mut done) = (BTreeMap::new(), BTreeSet::new(), Vec::new());
        for recorded in &recording.calls {
            let tool = ToolName::try_from(recorded.tool.clone())
                .map_err(|error| InferError::Tool { episode: recording.id.clone(), error })?;
            let call = ToolCall { tool: tool.clone(), arguments: recorded.arguments.clone() };
            let usage = self.tools.entry(tool.clone()).or_default();
            usage.came_after(&done, &call);
            usage.calls += 1;
            usage.episodes.insert(number);
            *calls.entry(tool.clone()).or_default() += 1;
            for (name, value) in &call.arguments {
                let sightings = usage.arguments.entry(name.clone()).or_default();
                let values = items(Some(value));
                let of_run: &mut BTreeSet<String> = distinct.entry((tool.clone(), name.clone())).or_default();
                of_run.extend(values.iter().map(ToString::to_string));
                sightings.most_distinct = sightings.most_distinct.max(of_run.len());
                sightings.see(number, value, &|value| places(value, &session, &trusted, &replies));
            }
            call.arguments.values().for_each(|value| leaves(value, &mut said));
            let fingerprint = (tool.clone(), arguments_digest(&call));
            let times: &mut u32 = made.entry(fingerprint).or_default();
            if *times > 0 {
                repeated.insert(tool.clone());
            }
            let reply = recorded.reply();
            session.observe(&tool, &reply);
            if reply.status == ReplyStatus::Done {
                *times += 1;
                done.push(call);
                let mut learn = |field: &str, value: &str| self.learn(&tool, field, value, &said, &mut replies);
                walk(&Structure::of(&recorded.result).value, None, &mut learn);
            }
        }
        self.most_calls = self.most_calls.max(recording.calls.len());
        for (tool, count) in &calls {
            if let Some(usage) = self.tools.get_mut(tool) {
                usage.most_calls = usage.most_calls.max(*count);
                usage.repeated += usize::from(repeated.contains(tool));
            }
        }
        self.tokens.push((scopes, calls.into_keys().collect()));
        Ok(())
    }

    fn learn(&mut self, tool: &ToolName, field: &str, value: &str, said: &BTreeSet<String>, replies: &mut Replies) {
        let place = (tool.clone(), field.to_owned());
        if is_field(field) {
            replies.all.entry(place.clone()).or_default().insert(value.to_owned());
        }
        if !value.is_empty() && !is_name(value) {
            self.prose.insert(place);
        } else if !said.contains(value) && is_field(field) {
            replies.learned.entry(place).or_default().insert(value.to_owned());
        }
    }
}

impl Usage {
    /// Keeps those forerunners that this call has too.
    fn came_after(&mut self, done: &[ToolCall], call: &ToolCall) {
        let mut here = Forerunners::new();
        for earlier in done {
            here.entry(earlier.tool.clone()).or_default().extend(same(earlier, call));
        }
        match &mut self.after {
            None => self.after = Some(here),
            Some(after) => after.retain(|tool, pairs| {
                here.get(tool).is_some_and(|here| {
                    pairs.retain(|pair| here.contains(pair));
                    true
                })
            }),
        }
    }
}

impl Sightings {
    /// What one call, or one object, has for it.
    fn see(&mut self, episode: usize, value: &Value, places: &dyn Fn(&Value) -> Places) {
        let values = items(Some(value));
        self.most_items = self.most_items.max(values.len());
        self.lists += usize::from(value.is_array());
        self.calls += usize::from(!values.is_empty());
        for value in values {
            self.add(episode, value, places(value));
            for (name, value) in value.as_object().into_iter().flatten() {
                match is_field(name) {
                    true => self.fields.entry(name.clone()).or_default().see(episode, value, places),
                    false => self.odd += 1,
                }
            }
        }
    }

    fn add(&mut self, episode: usize, value: &Value, places: Places) {
        self.episodes.insert(episode);
        let new = || Sighting {
            value: value.clone(),
            episodes: BTreeSet::new(),
            sources: BTreeSet::new(),
            had: BTreeSet::new(),
        };
        let sighting = self.values.entry(value.to_string()).or_insert_with(new);
        sighting.episodes.insert(episode);
        sighting.sources.insert(places.usable);
        sighting.had.insert(places.all);
    }
}

/// The texts of all values that a call said, also inside objects.
fn leaves(value: &Value, said: &mut BTreeSet<String>) {
    for item in items(Some(value)) {
        match item {
            Value::Object(map) => map.values().for_each(|value| leaves(value, said)),
            item => drop(said.insert(text(item))),
        }
    }
}

/// Arguments of two calls, called alike, that have the same value.
fn same(earlier: &ToolCall, call: &ToolCall) -> BTreeSet<(String, String)> {
    let given = |call: &'_ ToolCall| {
        let given = call.arguments.iter().filter(|(name, value)| is_field(name) && !items(Some(value)).is_empty());
        given.map(|(name, value)| (name.clone(), value.clone())).collect::<Vec<_>>()
    };
    let (theirs, ours) = (given(earlier), given(call));
    let pairs = theirs.iter().flat_map(|theirs| ours.iter().map(move |ours| (theirs, ours)));
    pairs
        .filter(|((their_name, theirs), (name, ours))| theirs == ours && agree(their_name, name))
        .map(|((their_name, _), (name, _))| (their_name.clone(), name.clone()))
        .collect()
}

/// The fields of the input, and the lists of the session.
fn trusted(recording: &Recording) -> Vec<Source> {
    let fields = recording.input.keys().filter(|field| !field.is_empty());
    let fields = fields.map(|field| Source::Input { field: Some(field.clone()) });
    let lists = recording.session.registry.keys().filter(|list| !list.is_empty());
    fields.chain(lists.map(|list| Source::Registry(list.clone()))).collect()
}

/// The places that have a value, as the guard sees it.
fn places(value: &Value, session: &abide_guard::Session, trusted: &[Source], replies: &Replies) -> Places {
    let lists: [&Registry; 1] = [session.registry()];
    let has =
        |source: &Source| session.with_memory(|memory| memory.came_from(std::slice::from_ref(source), &lists, value));
    let wanted = text(value);
    let of = |told: &Told| {
        let fields = told.iter().filter(|(_, values)| values.contains(&wanted));
        let fields = fields.map(|((tool, field), _)| Source::Reply { tool: tool.clone(), field: Some(field.clone()) });
        trusted.iter().cloned().chain(fields).filter(has).collect()
    };
    Places { usable: of(&replies.learned), all: of(&replies.all) }
}

/// Every value under a key, and every key of an object under a key, with that key.
fn walk(value: &Value, field: Option<&str>, found: &mut impl FnMut(&str, &str)) {
    match (value, field) {
        (Value::Array(list), _) => list.iter().for_each(|item| walk(item, field, found)),
        (Value::Object(map), _) => {
            for (key, item) in map {
                if let Some(field) = field {
                    found(field, key);
                }
                walk(item, Some(key), found);
            }
        }
        (Value::String(_) | Value::Number(_), Some(field)) => found(field, &text(value)),
        _ => {}
    }
}

/// Keys of objects are data as often as names: `{"ann@corp.example": "r"}`.
fn is_field(key: &str) -> bool {
    key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
        && key.contains(|c: char| c.is_ascii_alphabetic())
}

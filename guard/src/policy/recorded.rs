use std::{collections::BTreeMap, sync::Arc};

use abide_base::call::{ReplyStatus, ToolCall, ToolName};
use abide_signatures::Digest;
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::{
    call_digest::arguments_digest,
    recording::{RecordedCall, Recording},
};

/// Replies of one tool in recorded runs, to stand in for replies of calls that are not made. Read from a file of episodes as
/// `abide guard replay` takes them.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded(Arc<Replies>);

#[derive(Debug, PartialEq)]
struct Replies {
    by_arguments: BTreeMap<Digest, Value>,
    first: Value,
    digest: Digest,
}

impl Recorded {
    /// The replies of a tool in a file of episodes.
    pub(super) fn parse(tool: &ToolName, text: &str) -> Result<Self, String> {
        let (mut by_arguments, mut first) = (BTreeMap::new(), None);
        for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let recording = Recording::read(number + 1, line.as_bytes()).map_err(|error| error.to_string())?;
            // what failed is no reply that could stand in for one
            let did = |call: &RecordedCall| call.tool == tool.as_str() && call.reply().status == ReplyStatus::Done;
            for call in recording.calls.into_iter().filter(did) {
                first.get_or_insert_with(|| call.result.clone());
                let wanted = ToolCall { tool: tool.clone(), arguments: call.arguments };
                by_arguments.entry(arguments_digest(&wanted)).or_insert(call.result);
            }
        }
        let first = first.ok_or_else(|| format!("no episode has a call of `{tool}` that did what it was asked"))?;
        let digest = Digest::of_bytes(text.as_bytes());
        Ok(Self(Arc::new(Replies { by_arguments, first, digest })))
    }

    /// The reply to the same call, else the first there is.
    pub(crate) fn reply(&self, arguments_digest: &Digest) -> &Value {
        self.0.by_arguments.get(arguments_digest).unwrap_or(&self.0.first)
    }
}

impl Serialize for Recorded {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.digest.serialize(serializer)
    }
}

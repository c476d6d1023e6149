use abide_base::scope::ScopeSet;
use abide_guard::recording::{RecordedCall, RecordedSession, Recording};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    episode::Episode,
    step::{CallVerdict, ToolStep},
};

impl Episode {
    /// What the run did, to be decided again. `input` is what it was asked, with its fields, and `scopes` are those of its token, which
    /// no episode has. A reply is there as far as the model was shown it; calls that were refused have none.
    pub fn recording(&self, id: impl Into<String>, input: &impl Serialize, scopes: &ScopeSet) -> Recording {
        let call = |step: &ToolStep| RecordedCall {
            tool: step.tool.to_string(),
            arguments: step.arguments.clone(),
            result: match step.verdict {
                CallVerdict::Executed | CallVerdict::DryRun => {
                    step.observation.get("result").unwrap_or(&step.observation).clone()
                }
                CallVerdict::Denied | CallVerdict::Invalid | CallVerdict::Failed => Value::Null,
            },
            expect: None,
        };
        Recording {
            id: id.into(),
            input: match serde_json::to_value(input) {
                Ok(Value::Object(fields)) => fields,
                _ => Map::new(),
            },
            session: RecordedSession { scopes: scopes.iter().map(ToString::to_string).collect(), ..Default::default() },
            calls: self.tool_steps().map(call).collect(),
            expect: None,
        }
    }
}

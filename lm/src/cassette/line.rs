use abide_base::{id::ModelId, secret::Redactor};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

use crate::{LmReply, LmRequest};

/// One recorded reply.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Line {
    pub(super) format: u32,
    /// SHA-256 of model and request, in hexadecimal.
    pub(super) digest: String,
    pub(super) model: ModelId,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) settings: Vec<String>,
    pub(super) request: Value,
    pub(super) reply: LmReply,
}

pub(super) const FORMAT: u32 = 1;

impl Line {
    pub(super) fn new(
        model: &ModelId,
        settings: Vec<String>,
        request: &LmRequest,
        reply: &LmReply,
        redactor: &Redactor,
    ) -> Result<Self, serde_json::Error> {
        let request = redacted(request, redactor)?;
        let mut reply = serde_json::to_value(reply)?;
        redactor.scrub_json(&mut reply);
        let digest = digest(model, &request);
        Ok(Self {
            format: FORMAT,
            digest,
            model: model.clone(),
            settings,
            request,
            reply: serde_json::from_value(reply)?,
        })
    }

    /// Reads a line, and looks whether its request is the one that its digest is of.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let line: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if line.format != FORMAT {
            return Err(format!("its format is {}, and {FORMAT} is known: record it again", line.format));
        }
        if digest(&line.model, &line.request) != line.digest {
            return Err("its request was changed, so that its digest does not fit: record it again".to_owned());
        }
        Ok(line)
    }
}

/// The request as it is written down.
pub(super) fn redacted(request: &LmRequest, redactor: &Redactor) -> Result<Value, serde_json::Error> {
    let mut request = serde_json::to_value(request)?;
    redactor.scrub_json(&mut request);
    Ok(sorted(request))
}

pub(super) fn digest(model: &ModelId, request: &Value) -> String {
    let bytes = format!("{model}\n{}", sorted(request.clone()));
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The same fields in one order, whatever order a map keeps in this build.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut fields: Vec<(String, Value)> = map.into_iter().collect();
            fields.sort_by(|(a, _), (b, _)| a.cmp(b));
            Value::Object(fields.into_iter().map(|(name, value)| (name, sorted(value))).collect::<Map<_, _>>())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        other => other,
    }
}

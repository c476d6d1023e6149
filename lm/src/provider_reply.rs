use abide_base::id::ModelId;
use abide_net as net;
use serde_json::Value;
use url::Url;

use crate::{
    LmError, LmReply, anthropic,
    endpoint::Endpoint,
    openai::{self, Readable},
};

/// What a recorded body of a provider's reply says: of the chat completions API (it has `choices`) or the messages API (it has `content`).
///
/// # Errors
/// [`LmError::InvalidResponse`] where it is neither, or not what its API promises.
pub fn provider_reply(body: Value) -> Result<LmReply, LmError> {
    if body.get("choices").is_some() {
        read::<openai::wire::Reply>("openai", body)
    } else if body.get("content").is_some() {
        read::<anthropic::wire::Reply>("anthropic", body)
    } else {
        Err(LmError::InvalidResponse("it has neither `choices` nor `content`".into()))
    }
}

fn read<R: Readable>(vendor: &str, body: Value) -> Result<LmReply, LmError> {
    let reply: R = serde_json::from_value(body).map_err(|error| LmError::InvalidResponse(error.to_string()))?;
    reply.read(&nowhere(vendor)?)
}

/// An endpoint that nothing is sent to.
fn nowhere(vendor: &str) -> Result<Endpoint, LmError> {
    let id = ModelId(format!("{vendor}/recorded"));
    let config = |reason: String| LmError::Config { model: id.to_string(), reason };
    let client = net::Client::new(&net::Options::default()).map_err(|error| config(error.to_string()))?;
    let base: Url = "http://localhost/".parse().map_err(|error: url::ParseError| config(error.to_string()))?;
    Endpoint::new(client, &base, "", id.clone())
}

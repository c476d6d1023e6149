use std::sync::Arc;

use abide_base::secret::Secret;
use abide_net as net;
use url::Url;

use crate::{Anthropic, Lm, LmError, OpenAi, Retry};

const MODEL: &str = "ABIDE_MODEL";
const BASE_URL: &str = "ABIDE_BASE_URL";

/// The model that the environment names, asked again after transient failures ([`Retry`]).
///
/// | variable | meaning |
/// |---|---|
/// | `ABIDE_MODEL` | `openai/` or `anthropic/`, which says what API is spoken, and the model's name at the server |
/// | `ABIDE_BASE_URL` | the server, up to the version, such as `http://127.0.0.1:8080/v1`; replaces the vendor's documented address, which is `https://api.openai.com/v1` or `https://api.anthropic.com/v1` |
/// | `OPENAI_API_KEY`, `ANTHROPIC_API_KEY` | the key; needed for the vendor's own address. With `ABIDE_BASE_URL` it may be missing, and is sent *there* if it is set |
///
/// An empty variable counts as not set.
///
/// # Errors
/// [`LmError::Unset`] names the missing variable, [`LmError::Config`] what is wrong with a value.
pub fn from_env() -> Result<Arc<dyn Lm>, LmError> {
    from(|name| std::env::var(name).ok())
}

/// As [`from_env`], with variables from elsewhere.
///
/// # Errors
/// As [`from_env`].
pub fn from(get: impl Fn(&str) -> Option<String>) -> Result<Arc<dyn Lm>, LmError> {
    let get = |name: &str| get(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
    let id = get(MODEL).ok_or_else(|| unset(MODEL, "name a model, such as `openai/gpt-5-mini`"))?;
    let (vendor, model) = Vendor::parse(&id)?;
    let key = get(vendor.key_variable()).map(Secret::new);
    let mut options = net::Options::default();
    let base = match get(BASE_URL) {
        Some(base) => {
            options = net::Options::own_network();
            base.parse().map_err(|error| config(&id, format!("`{BASE_URL}` is not an address ({error})")))?
        }
        None if key.is_none() => {
            let hint = format!("give the key for `{id}`, or name another server in `{BASE_URL}`");
            return Err(unset(vendor.key_variable(), hint));
        }
        None => vendor.documented_address(&id)?,
    };
    let client = net::Client::new(&options).map_err(|error| config(&id, error.to_string()))?;
    let model: Arc<dyn Lm> = match vendor {
        Vendor::OpenAi => Arc::new(OpenAi::new(client, base, model, key)?),
        Vendor::Anthropic => Arc::new(Anthropic::new(client, base, model, key)?),
    };
    Ok(Arc::new(Retry::new(model)))
}

#[derive(Clone, Copy)]
enum Vendor {
    OpenAi,
    Anthropic,
}

impl Vendor {
    fn parse(id: &str) -> Result<(Self, &str), LmError> {
        match id.split_once('/') {
            Some(("openai", model)) if !model.is_empty() => Ok((Self::OpenAi, model)),
            Some(("anthropic", model)) if !model.is_empty() => Ok((Self::Anthropic, model)),
            _ => Err(config(id, format!("`{MODEL}` must be `openai/` or `anthropic/` and a model's name"))),
        }
    }

    fn key_variable(self) -> &'static str {
        match self {
            Self::OpenAi => "OPENAI_API_KEY",
            Self::Anthropic => "ANTHROPIC_API_KEY",
        }
    }

    fn documented_address(self, id: &str) -> Result<Url, LmError> {
        match self {
            Self::OpenAi => "https://api.openai.com/v1",
            Self::Anthropic => "https://api.anthropic.com/v1",
        }
        .parse()
        .map_err(|error| config(id, format!("its documented address is unusable ({error})")))
    }
}

fn unset(variable: &'static str, hint: impl Into<String>) -> LmError {
    LmError::Unset { variable, hint: hint.into() }
}

fn config(id: &str, reason: String) -> LmError {
    LmError::Config { model: id.to_owned(), reason }
}

#[cfg(test)]
mod tests;

use std::sync::Arc;

use abide_base::{id::ModelId, secret::Secret};
use abide_net as net;
use url::Url;

use super::{
    address,
    vendor::{Api, Key, VENDORS, Vendor},
};
use crate::{Anthropic, CacheStore, DiskCache, Lm, LmError, OpenAi, Paced, Retry, openai::KeyHeader};

pub(super) const MODEL: &str = "ABIDE_MODEL";
pub(super) const BASE_URL: &str = "ABIDE_BASE_URL";
pub(super) const OPENAI_BASE_URL: &str = "OPENAI_BASE_URL";
pub(super) const AZURE_ENDPOINT: &str = "AZURE_OPENAI_ENDPOINT";
const AZURE_VERSIONS: [&str; 2] = ["AZURE_OPENAI_API_VERSION", "OPENAI_API_VERSION"];
pub(super) const PRIVATE_HOSTS: &str = "ABIDE_PRIVATE_HOSTS";
pub(super) const CACHE: &str = "ABIDE_CACHE";

/// The model that the environment names, at a pace that its server bears ([`Paced`]), and asked again after transient failures
/// ([`Retry`]).
///
/// | variable | meaning |
/// |---|---|
/// | `ABIDE_MODEL` | the vendor, a `/`, and the model's name there. Vendors: `openai`, `anthropic`, `gemini`, `openrouter`, `deepseek`, `mistral`, `groq`, `azure`, `ollama`. `openai/…` also stands for any server that speaks chat completions |
/// | `ABIDE_BASE_URL` | the server, up to the version, such as `http://127.0.0.1:8080/v1`; replaces the vendor's documented address |
/// | `OPENAI_BASE_URL` | the same for `openai/…`, where `ABIDE_BASE_URL` is not set |
/// | `OPENAI_API_KEY`, `ANTHROPIC_API_KEY`, `GEMINI_API_KEY` (or `GOOGLE_API_KEY`), `OPENROUTER_API_KEY`, `DEEPSEEK_API_KEY`, `MISTRAL_API_KEY`, `GROQ_API_KEY`, `AZURE_OPENAI_API_KEY`, `OLLAMA_API_KEY` | the vendor's key; needed for its own address, but Ollama's. With another address it may be missing, and is sent *there* if it is set |
/// | `AZURE_OPENAI_ENDPOINT` | for `azure/…`: the resource, such as `https://NAME.openai.azure.com`. With `AZURE_OPENAI_API_VERSION` (or `OPENAI_API_VERSION`) the model is a deployment of that API version |
/// | `ABIDE_PRIVATE_HOSTS` | hosts of your own network, with commas between them, for which plain http is allowed: `model.internal,10.0.0.5` |
/// | `ABIDE_CACHE` | a file for replies ([`DiskCache`]); one process has it open at a time, once |
///
/// An empty variable counts as not set.
///
/// # Errors
/// [`LmError::Unset`] names the missing variable, [`LmError::Config`] what is wrong with a value, [`LmError::Cache`] why the file cannot
/// be opened.
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
    let Some((vendor, model)) = Vendor::parse(&id) else {
        let known: Vec<String> = VENDORS.iter().map(|vendor| format!("`{}/`", vendor.name)).collect();
        return Err(config(&id, format!("`{MODEL}` must be one of {} and a model's name", known.join(", "))));
    };
    let key = vendor.keys.iter().find_map(|variable| get(variable)).map(Secret::new);
    let place = Place::find(vendor, &id, model, &get)?;
    if key.is_none() && vendor.key == Key::Needed && place.owner == Owner::Vendor {
        let hint = format!("give the key for `{id}`, or name another server in `{BASE_URL}`");
        return Err(unset(vendor.key_variable(), hint));
    }
    let client = net::Client::new(&place.options).map_err(|error| config(&id, error.to_string()))?;
    let model = model.to_owned();
    let chat = |key: Option<(KeyHeader, Secret<String>)>, model| {
        OpenAi::with_key(client.clone(), &place.base, model, ModelId(id.clone()), key)
    };
    let model: Arc<dyn Lm> = match vendor.api {
        Api::Chat => Arc::new(chat(key.map(|key| (KeyHeader::of(&place.base), key)), model)?),
        Api::Azure => Arc::new(chat(key.map(|key| (KeyHeader::ApiKey, key)), model)?),
        Api::Messages => Arc::new(Anthropic::new(client, place.base.clone(), model, key)?),
    };
    let model: Arc<dyn Lm> = Arc::new(Retry::new(Arc::new(Paced::new(model))));
    match get(CACHE) {
        Some(path) => Ok(Arc::new(DiskCache::new(model, &place.base, CacheStore::open(path)?))),
        None => Ok(model),
    }
}

/// Where a model is.
struct Place {
    base: Url,
    owner: Owner,
    options: net::Options,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Owner {
    /// It is the vendor's own address.
    Vendor,
    /// Another server.
    Other,
}

impl Place {
    fn find(vendor: &Vendor, id: &str, model: &str, get: &impl Fn(&str) -> Option<String>) -> Result<Self, LmError> {
        let wrong = |variable: &str, what: String| config(id, format!("`{variable}` {what}"));
        let private = get(PRIVATE_HOSTS).as_deref().map(address::hosts).transpose();
        let private = private.map_err(|what| wrong(PRIVATE_HOSTS, what))?.unwrap_or_default();
        let own = || net::Options::own_network().private_hosts(private.clone());
        let named = [Some(BASE_URL), (vendor.name == "openai").then_some(OPENAI_BASE_URL)];
        for variable in named.into_iter().flatten() {
            if let Some(text) = get(variable) {
                let base = address::base(&text, &private).map_err(|what| wrong(variable, what))?;
                return Ok(Self { base, owner: Owner::Other, options: own() });
            }
        }
        if let Some(address) = vendor.address {
            let base: Url =
                address.parse().map_err(|error| config(id, format!("its documented address is unusable ({error})")))?;
            let options = net::Options::default().reaching(&base);
            return Ok(Self { base, owner: Owner::Vendor, options });
        }
        let hint = || format!("give the address of the resource of `{id}`, such as `https://NAME.openai.azure.com`");
        let text = get(AZURE_ENDPOINT).ok_or_else(|| unset(AZURE_ENDPOINT, hint()))?;
        let resource = address::base(&text, &private).map_err(|what| wrong(AZURE_ENDPOINT, what))?;
        let version = AZURE_VERSIONS.iter().find_map(|variable| get(variable));
        Ok(Self { base: azure(resource, model, version), owner: Owner::Vendor, options: own() })
    }
}

/// The address below a resource, where the operator names no path himself.
fn azure(mut resource: Url, deployment: &str, version: Option<String>) -> Url {
    let bare = resource.path() == "/";
    if let (true, Ok(mut path)) = (bare, resource.path_segments_mut()) {
        let below = ["openai", "deployments", deployment];
        path.pop_if_empty().extend(if version.is_some() { &below[..] } else { &["openai", "v1"] });
    }
    if let Some(version) = version.filter(|_| resource.query().is_none()) {
        resource.query_pairs_mut().append_pair("api-version", &version);
    }
    resource
}

fn unset(variable: &'static str, hint: impl Into<String>) -> LmError {
    LmError::Unset { variable, hint: hint.into() }
}

fn config(id: &str, reason: String) -> LmError {
    LmError::Config { model: id.to_owned(), reason }
}

use abide_base::bom::strip_bom;
use abide_net::check_address;
use serde_json::{Map, Value};
use url::Url;

use super::super::AuthError;

/// What an issuer publishes about itself, entry by entry.
pub(super) struct Document<'p> {
    entries: Map<String, Value>,
    /// The pinned issuer.
    issuer: &'p str,
    base: &'p Url,
}

impl<'p> Document<'p> {
    pub(super) fn read(body: &[u8], issuer: &'p str, base: &'p Url) -> Result<Self, AuthError> {
        let unusable = |reason: &str| AuthError::Metadata { issuer: issuer.to_owned(), reason: reason.to_owned() };
        let body = strip_bom(body).trim_ascii();
        match serde_json::from_slice(body) {
            Ok(Value::Object(entries)) => Ok(Self { entries, issuer, base }),
            Ok(_) => Err(unusable("it is JSON, but no object")),
            Err(_) if body.is_empty() => Err(unusable("it is empty")),
            Err(_) if body.starts_with(b"<") => Err(unusable("it is a page (HTML or XML), and no JSON")),
            Err(_) => Err(unusable("it is not JSON")),
        }
    }

    /// Who is described here.
    pub(super) fn issuer(&self) -> Result<&str, AuthError> {
        self.needed("issuer").map_err(|reason| self.unusable(reason))
    }

    /// The one endpoint without which there are no tokens.
    pub(super) fn token_endpoint(&self) -> Result<Url, AuthError> {
        self.needed("token_endpoint")
            .and_then(|text| self.address("token_endpoint", text))
            .map_err(|reason| self.unusable(reason))
    }

    /// An issuer may publish no keys. One that names a place for them that cannot be used is unusable: its tokens would be taken
    /// unverified.
    pub(super) fn key_set(&self) -> Result<Option<Url>, AuthError> {
        match self.entries.get("jwks_uri") {
            None | Some(Value::Null) => Ok(None),
            Some(_) => self
                .needed("jwks_uri")
                .and_then(|text| self.address("jwks_uri", text))
                .map(Some)
                .map_err(|reason| self.unusable(reason)),
        }
    }

    /// An endpoint that is not needed.
    pub(super) fn endpoint(&self, name: &str) -> Option<Url> {
        self.optional_address(name, self.entries.get(name)?)
    }

    /// For clients that show a certificate.
    pub(super) fn mtls_token_endpoint(&self) -> Option<Url> {
        let value = self.entries.get("mtls_endpoint_aliases")?.get("token_endpoint")?;
        self.optional_address("mtls_endpoint_aliases.token_endpoint", value)
    }

    /// A list of texts; what else is in it is left out.
    pub(super) fn texts(&self, name: &str) -> Option<Vec<String>> {
        match self.entries.get(name)? {
            Value::Null => None,
            Value::Array(items) => {
                let texts: Vec<_> = items.iter().filter_map(Value::as_str).map(str::to_owned).collect();
                if texts.len() < items.len() {
                    self.ignored(name, "lists something else than texts");
                }
                Some(texts)
            }
            _ => {
                self.ignored(name, "is not a list");
                None
            }
        }
    }

    /// False where nothing is said.
    pub(super) fn flag(&self, name: &str) -> bool {
        match self.entries.get(name) {
            None | Some(Value::Null) => false,
            Some(Value::Bool(flag)) => *flag,
            Some(_) => {
                self.ignored(name, "is neither `true` nor `false`");
                false
            }
        }
    }

    fn needed(&self, name: &str) -> Result<&str, String> {
        match self.entries.get(name) {
            None | Some(Value::Null) => Err(format!("it lacks `{name}`")),
            Some(Value::String(text)) => Ok(text),
            Some(_) => Err(format!("`{name}` is not text")),
        }
    }

    fn optional_address(&self, name: &str, value: &Value) -> Option<Url> {
        let found = match value {
            Value::Null => return None,
            Value::String(text) => self.address(name, text),
            _ => Err(format!("`{name}` is not text")),
        };
        found.map_err(|reason| self.ignored(name, &reason)).ok()
    }

    fn address(&self, name: &str, text: &str) -> Result<Url, String> {
        if text.is_empty() {
            return Err(format!("`{name}` is empty"));
        }
        let url: Url = text.parse().map_err(|_| format!("`{name}` is not an absolute address"))?;
        check_address(&url).map_err(|e| format!("`{name}`: {e}"))?;
        // an issuer that is reached safely cannot send us to an unsafe place, not even on this machine
        if self.base.scheme() == "https" && url.scheme() != "https" {
            return Err(format!("`{name}` is not https"));
        }
        Ok(url)
    }

    fn ignored(&self, name: &str, reason: &str) {
        tracing::warn!(
            issuer = self.issuer,
            entry = name,
            "in an issuer's metadata, an entry counts as absent: {reason}"
        );
    }

    fn unusable(&self, reason: String) -> AuthError {
        AuthError::Metadata { issuer: self.issuer.to_owned(), reason }
    }
}

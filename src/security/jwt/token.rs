use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{
    Deserialize, Deserializer,
    de::{Error as _, MapAccess, Visitor},
};
use serde_json::{Map, Value};

use super::{Algorithm, Error, MAX_TOKEN, key::Key};

/// A token whose header may count; its claims do not yet.
#[derive(Debug)]
pub(super) struct Token<'t> {
    algorithm: Algorithm,
    kid: String,
    plain_type: bool,
    message: &'t str,
    claims: &'t str,
    signature: &'t str,
}

const MAX_HEADER: usize = 8 * 1024;
const MAX_KEY_ID: usize = 256;
const TYPES: [&str; 3] = ["at+jwt", "application/at+jwt", "jwt"];
/// Claims of tokens that are for other uses: identity and logout tokens (OpenID Connect), security events (RFC 8417), proofs
/// of possession (RFC 9449). Where the type says no more than `JWT`, they tell.
const FOREIGN: [&str; 6] = ["nonce", "at_hash", "c_hash", "events", "htm", "htu"];

impl<'t> Token<'t> {
    pub(super) fn read(token: &'t str) -> Result<Self, Error> {
        if token.len() > MAX_TOKEN {
            return Err(Error::TooLong(token.len()));
        }
        let mut parts = token.split('.');
        let (Some(header), Some(claims), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(malformed("not three parts"));
        };
        if header.len() > MAX_HEADER {
            return Err(malformed("its header is too long"));
        }
        let message = token.get(..header.len() + 1 + claims.len()).unwrap_or_default();
        let header = object(header)?;
        if header.contains_key("crit") || header.contains_key("b64") {
            return Err(Error::Critical);
        }
        if ["cty", "enc", "zip"].iter().any(|name| header.contains_key(*name)) {
            return Err(malformed("its header is that of a nested or encrypted token"));
        }
        let typ = text(&header, "typ")?.unwrap_or_default();
        if !TYPES.iter().any(|known| typ.eq_ignore_ascii_case(known)) {
            return Err(Error::Type(short(typ)));
        }
        let algorithm = text(&header, "alg")?.ok_or_else(|| malformed("it names no algorithm"))?;
        let kid = text(&header, "kid")?.filter(|kid| !kid.is_empty()).ok_or(Error::NoKeyId)?;
        if kid.len() > MAX_KEY_ID {
            return Err(malformed("its key id is too long"));
        }
        Ok(Self {
            algorithm: algorithm.parse().map_err(|_| Error::Algorithm(short(algorithm)))?,
            kid: kid.to_owned(),
            plain_type: typ.eq_ignore_ascii_case("jwt"),
            message,
            claims,
            signature,
        })
    }

    pub(super) fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    pub(super) fn kid(&self) -> &str {
        &self.kid
    }

    /// The only way to the claims.
    pub(super) fn claims_if_signed_by(&self, key: &Key) -> Result<Map<String, Value>, Error> {
        key.verify(self.algorithm, self.message, self.signature)?;
        let claims = object(self.claims)?;
        let foreign = FOREIGN.iter().find(|name| self.plain_type && claims.contains_key(**name));
        foreign.map_or(Ok(claims), |name| Err(Error::Foreign(name)))
    }
}

pub(super) fn malformed(reason: &str) -> Error {
    Error::Malformed(reason.to_owned())
}

pub(super) fn short(text: &str) -> String {
    text.chars().take(200).collect()
}

/// A text under a name. An explicit null is as good as nothing, and anything else is an error.
pub(super) fn text<'m>(map: &'m Map<String, Value>, name: &str) -> Result<Option<&'m str>, Error> {
    match map.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Error::Malformed(format!("its `{name}` is no text"))),
    }
}

/// A part: Base64 as RFC 7515 has it, of a JSON object without any name twice.
fn object(part: &str) -> Result<Map<String, Value>, Error> {
    let json = URL_SAFE_NO_PAD.decode(part).map_err(|_| malformed("not Base64"))?;
    // serde's message would quote the token
    let Unique(map) = serde_json::from_slice(&json).map_err(|_| malformed("not the JSON of a token"))?;
    Ok(map)
}

struct Unique(Map<String, Value>);

struct UniqueVisitor;

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(UniqueVisitor).map(Self)
    }
}

impl<'de> Visitor<'de> for UniqueVisitor {
    type Value = Map<String, Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut map = Map::new();
        while let Some((name, value)) = entries.next_entry()? {
            if map.insert(name, value).is_some() {
                return Err(A::Error::custom("a name stands twice"));
            }
        }
        Ok(map)
    }
}

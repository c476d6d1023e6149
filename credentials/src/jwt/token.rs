use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{
    Deserializer,
    de::{Error as _, IgnoredAny, MapAccess, Visitor},
};
use serde_json::{Map, Value};

use super::{
    Algorithm, Error, MAX_TOKEN,
    json::{malformed, short, text},
    key::Key,
};

/// A token whose header may count; its claims do not yet.
#[derive(Debug)]
pub(super) struct Token<'t> {
    algorithm: Algorithm,
    kid: Option<String>,
    /// Whether its type says no more than that it is a JWT.
    plain_type: bool,
    message: &'t str,
    claims: &'t str,
    signature: &'t str,
}

const MAX_HEADER: usize = 8 * 1024;
const MAX_KEY_ID: usize = 256;
/// Names of members of a header that mean something here.
const NAMES: [&str; 8] = ["alg", "typ", "kid", "crit", "b64", "cty", "enc", "zip"];
const TYPES: [&str; 3] = ["at+jwt", "application/at+jwt", "jwt"];
/// Claims of tokens that are for other uses: identity and logout tokens (OpenID Connect), security events (RFC 8417), proofs
/// of possession (RFC 9449). Where the type says no more than `JWT`, or there is none (RFC 7519, section 5.1), they tell.
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
        let header = object(header, Reading::All)?;
        // some readers take names in any letters
        let odd = |name: &String| NAMES.iter().any(|known| name.eq_ignore_ascii_case(known) && name != known);
        if header.keys().any(odd) {
            return Err(malformed("its header has a name in other letters"));
        }
        if header.contains_key("crit") || header.contains_key("b64") {
            return Err(Error::Critical);
        }
        if ["cty", "enc", "zip"].iter().any(|name| header.contains_key(*name)) {
            return Err(malformed("its header is that of a nested or encrypted token"));
        }
        let typ = text(&header, "typ")?;
        if let Some(typ) = typ.filter(|typ| !TYPES.iter().any(|known| typ.eq_ignore_ascii_case(known))) {
            return Err(Error::Type(short(typ)));
        }
        let algorithm = text(&header, "alg")?.ok_or_else(|| malformed("it names no algorithm"))?;
        let kid = text(&header, "kid")?;
        if kid.is_some_and(str::is_empty) {
            return Err(Error::NoKeyId);
        }
        if kid.is_some_and(|kid| kid.len() > MAX_KEY_ID) {
            return Err(malformed("its key id is too long"));
        }
        Ok(Self {
            algorithm: algorithm.parse().map_err(|_| Error::Algorithm(short(algorithm)))?,
            kid: kid.map(str::to_owned),
            plain_type: typ.is_none_or(|typ| typ.eq_ignore_ascii_case("jwt")),
            message,
            claims,
            signature,
        })
    }

    pub(super) fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The name of the key that signed it, if it says so.
    pub(super) fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The only way to the claims: those that are read, which are the registered ones and `scopes`; of all others only the names.
    pub(super) fn claims_if_signed_by<'k>(
        &self,
        keys: impl IntoIterator<Item = &'k Key>,
        scopes: Option<&str>,
    ) -> Result<Map<String, Value>, Error> {
        let mut verified = Err(Error::Signature);
        for key in keys {
            verified = key.verify(self.algorithm, self.message, self.signature);
            if verified.is_ok() {
                break;
            }
        }
        verified?;
        let claims = object(self.claims, Reading::Claims(scopes))?;
        let foreign = FOREIGN.iter().find(|name| self.plain_type && claims.contains_key(**name));
        foreign.map_or(Ok(claims), |name| Err(Error::Foreign(name)))
    }
}

/// Which values of an object are read. Of the others it only counts that they are JSON: a number there may be too large for us.
#[derive(Clone, Copy)]
enum Reading<'n> {
    All,
    /// Those that are checked or passed on, and the one with the scopes.
    Claims(Option<&'n str>),
}

const CLAIMS: [&str; 12] = ["iss", "aud", "exp", "nbf", "iat", "sub", "client_id", "azp", "jti", "scope", "scp", "cnf"];
/// How deep arrays and objects may be in each other, as the reader of values has it too.
const MAX_DEPTH: usize = 127;

/// A part: Base64 as RFC 7515 has it, of a JSON object without any name twice.
fn object(part: &str, reading: Reading<'_>) -> Result<Map<String, Value>, Error> {
    let json = URL_SAFE_NO_PAD.decode(part).map_err(|_| malformed("not Base64"))?;
    // what is skipped is not looked at closely
    let text = str::from_utf8(&json).map_err(|_| malformed("not the JSON of a token"))?;
    if depth(text) > MAX_DEPTH {
        return Err(malformed("not the JSON of a token"));
    }
    // serde's message would quote the token
    let mut reader = serde_json::Deserializer::from_str(text);
    let read = reader.deserialize_map(reading).and_then(|map| reader.end().map(|()| map));
    read.map_err(|_| malformed("not the JSON of a token"))
}

/// How deep arrays and objects are in each other.
fn depth(json: &str) -> usize {
    let (mut depth, mut deepest, mut quoted, mut escaped) = (0_usize, 0, false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'[' | b'{' if !quoted => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

impl Reading<'_> {
    fn reads(self, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Claims(scopes) => CLAIMS.contains(&name) || scopes == Some(name),
        }
    }
}

impl<'de> Visitor<'de> for Reading<'_> {
    type Value = Map<String, Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut map = Map::new();
        while let Some(name) = entries.next_key::<String>()? {
            let value = if self.reads(&name) {
                entries.next_value()?
            } else {
                entries.next_value::<IgnoredAny>().map(|_| Value::Null)?
            };
            if map.insert(name, value).is_some() {
                return Err(A::Error::custom("a name stands twice"));
            }
        }
        Ok(map)
    }
}

//! What kind of token a text looks like.

use base64::{
    Engine,
    alphabet::URL_SAFE,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig, general_purpose::URL_SAFE_NO_PAD},
};
use serde_json::{Map, Value};

use crate::bom::strip_bom;

const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Whether a token looks like a JWT, well-formed or not. Such a token must verify; any other is opaque.
///
/// All that has a dot behind something that decodes, however leniently, to the start of an object looks like one, and so does
/// JSON: a server that reads it more leniently than we do must not be sent what we did not understand. A well-formed encrypted
/// token (RFC 7516) is opaque: only the server that it is for can read it.
pub fn is_jwt(token: &str) -> bool {
    let Some((first, rest)) = token.trim_start_matches('.').split_once('.') else { return is_json(token.as_bytes()) };
    (is_json(token.as_bytes()) || is_json(&decoded(first))) && !is_encrypted(first, rest)
}

/// An object or an array, to go by its start.
fn is_json(text: &[u8]) -> bool {
    matches!(strip_bom(text).iter().find(|byte| !byte.is_ascii_whitespace() && **byte != 0), Some(b'{' | b'['))
}

/// As much of a part as can be decoded.
fn decoded(part: &str) -> Vec<u8> {
    let alphabet = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/-_".contains(byte);
    let urlsafe = |byte| match byte {
        b'+' => b'-',
        b'/' => b'_',
        byte => byte,
    };
    let cleaned: Vec<u8> = part.bytes().skip_while(|byte| !alphabet(byte)).take_while(alphabet).map(urlsafe).collect();
    // a single character at the end of a group decodes to nothing
    let whole = cleaned.len() - usize::from(cleaned.len() % 4 == 1);
    LENIENT.decode(cleaned.get(..whole).unwrap_or_default()).unwrap_or_default()
}

/// Five parts, the first with the algorithms of encryption in it.
fn is_encrypted(first: &str, rest: &str) -> bool {
    let header = |json: Vec<u8>| serde_json::from_slice::<Map<String, Value>>(&json).ok();
    let names =
        |header: Map<String, Value>| ["alg", "enc"].iter().all(|name| header.get(*name).is_some_and(Value::is_string));
    let parts = || rest.split('.');
    parts().count() == 4
        && parts().all(|part| URL_SAFE_NO_PAD.decode(part).is_ok())
        && URL_SAFE_NO_PAD.decode(first).ok().and_then(header).is_some_and(names)
}

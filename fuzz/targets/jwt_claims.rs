#![no_main]
//! A token that was signed with the issuer's key, whatever it says. The first line is its header, the rest are its claims.

use std::{
    sync::LazyLock,
    time::{Duration, SystemTime},
};

use abide::{
    credentials::jwt::fuzzing::{Keys, sign},
    scope::ScopeSet,
};
use abide_fuzz::{assert_short, first_line};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

const ISSUER: &str = "https://issuer.example";
const AUDIENCE: &str = "https://mcp.example/mcp";
const NOW: u64 = 1_800_000_000;
const LEEWAY: f64 = 30.0;
/// An Ed25519 key in PKCS #8, from the appendix of RFC 8410. Its public part is in the key set.
const PEM: &[u8] = b"-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n";

static KEYS: LazyLock<Keys> = LazyLock::new(|| Keys::parse(include_bytes!("../seeds/jwks/all.json")).unwrap());

fuzz_target!(|input: &[u8]| {
    let Some((header, claims)) = first_line(input) else { return };
    let message = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let signature = sign(&message, PEM).unwrap();
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(NOW);
    let verify = |message: &str| KEYS.verify(&format!("{message}.{signature}"), ISSUER, AUDIENCE, now);
    let verified = match verify(&message) {
        Ok(verified) => verified,
        Err(error) => return assert_short(&error),
    };
    check_header(&serde_json::from_str(header).unwrap());
    // a claim that is not read may hold a number that is too large here
    let Ok(claims) = serde_json::from_slice::<Value>(claims) else { return };
    check_claims(&claims);
    let expires = verified.expires.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs_f64();
    assert!((expires - claims["exp"].as_f64().unwrap()).abs() < 0.001);
    let name = |name: &str| {
        claims[name].as_str().map(str::to_owned).or(claims[name].as_u64().map(|number| number.to_string()))
    };
    assert_eq!(verified.subject, name("sub"));
    assert_eq!(verified.id, name("jti"));
    assert_eq!(verified.confirmation.is_some(), !claims["cnf"].is_null());
    if let Some(scopes) = verified.scopes {
        assert_eq!(ScopeSet::parse(&scopes.to_string()), Ok(scopes));
    }
    let (header, claims) = message.split_once('.').unwrap();
    let other = if claims.ends_with('A') { 'B' } else { 'A' };
    let changed = format!("{header}.{}{other}", claims.get(..claims.len() - 1).unwrap());
    assert!(verify(&changed).is_err(), "a changed token counts");
});

fn check_header(header: &Value) {
    assert_eq!(header["alg"], "EdDSA");
    assert!(header["kid"] == "ed" || header["kid"].is_null());
    if !header["typ"].is_null() {
        let typ = header["typ"].as_str().unwrap().to_ascii_lowercase();
        assert!(["at+jwt", "application/at+jwt", "jwt"].contains(&typ.as_str()), "`{typ}`");
    }
    for name in ["crit", "b64", "cty", "enc", "zip"] {
        assert!(header.get(name).is_none(), "`{name}`");
    }
}

fn check_claims(claims: &Value) {
    assert_eq!(claims["iss"], ISSUER);
    let is_ours = |audience: &Value| audience == AUDIENCE;
    assert!(is_ours(&claims["aud"]) || claims["aud"].as_array().unwrap().iter().any(is_ours));
    assert!(claims["exp"].as_f64().unwrap() > NOW as f64 - LEEWAY);
    for name in ["nbf", "iat"] {
        assert!(claims[name].as_f64().is_none_or(|start| start <= NOW as f64 + LEEWAY), "`{name}`");
    }
}

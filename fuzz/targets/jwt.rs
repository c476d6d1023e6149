#![no_main]
//! A token that nobody signed.

use std::{
    sync::LazyLock,
    time::{Duration, SystemTime},
};

use abide::credentials::jwt::{
    MAX_TOKEN,
    fuzzing::{Keys, is_read},
};
use abide_base::token_shape::is_jwt;
use abide_fuzz::assert_short;
use libfuzzer_sys::fuzz_target;

static KEYS: LazyLock<Keys> = LazyLock::new(|| Keys::parse(include_bytes!("../seeds/jwks/all.json")).unwrap());

fuzz_target!(|input: &[u8]| {
    let Ok(token) = std::str::from_utf8(input) else { return };
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    let error = KEYS.verify(token, "https://issuer.example", "https://mcp.example/mcp", now).unwrap_err();
    assert_short(&error);
    if is_read(token) {
        assert!(token.len() <= MAX_TOKEN);
        assert!(is_jwt(token), "the verifier reads what would pass as opaque");
    }
});

#![no_main]
//! The answer of a token endpoint.

use abide::{
    credentials::{
        jwt::MAX_TOKEN,
        oauth::{config::Proof, fuzzing::grant},
    },
    scope::ScopeSet,
};
use libfuzzer_sys::fuzz_target;
use serde_json::json;

fuzz_target!(|body: &[u8]| {
    let Ok(granted) = grant(body) else { return };
    for token in [Some(&granted.token), granted.refresh.as_ref()].into_iter().flatten() {
        let text = token.expose();
        assert!((1..=MAX_TOKEN).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic()));
        assert!(text.len() < 32 || !format!("{granted:?}").contains(text), "a token in plain sight");
    }
    let scope = granted.scopes.as_ref().map(ScopeSet::to_string);
    let again = json!({
        "access_token": granted.token.expose(),
        "token_type": if granted.proof == Proof::Dpop { "DPoP" } else { "Bearer" },
        "expires_in": granted.life.map(|life| life.as_secs()),
        "scope": scope,
        "refresh_token": granted.refresh.as_ref().map(|token| token.expose()),
    });
    let again = grant(again.to_string().as_bytes()).unwrap();
    assert_eq!(again.token.expose(), granted.token.expose());
    assert_eq!(again.refresh.map(|token| token.expose().clone()), granted.refresh.map(|token| token.expose().clone()));
    assert_eq!((again.proof, again.scopes), (granted.proof, granted.scopes));
    // whole seconds up to 2^53 are exact
    let whole = |life: std::time::Duration| life.as_secs().min(1 << 53);
    assert_eq!(again.life.map(whole), granted.life.map(whole));
});

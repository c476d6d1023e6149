#![no_main]
//! The metadata of an authorization server. The first line is the pinned issuer.

use abide::credentials::oauth::fuzzing::{issuer, issuer_places};
use abide_fuzz::{assert_safe, assert_short, first_line};
use libfuzzer_sys::fuzz_target;
use serde_json::{Map, Value, json};
use url::Url;

const MAX_ISSUER: usize = 200;

fuzz_target!(|input: &[u8]| {
    let Some((pinned, body)) = first_line(input).filter(|(pinned, _)| pinned.len() <= MAX_ISSUER) else { return };
    let Ok(places) = issuer_places(pinned) else { return };
    let base: Url = pinned.parse().unwrap();
    assert!((2..=3).contains(&places.len()));
    for place in places {
        assert_eq!(place.origin(), base.origin());
        assert!(place.path().contains("/.well-known/") && place.query().is_none() && place.fragment().is_none());
        assert_safe(&place);
    }
    let endpoints = match issuer(body, pinned) {
        Ok(endpoints) => endpoints,
        Err(error) => return assert_short(&error),
    };
    let mut document = Map::from_iter([("issuer".to_owned(), Value::from(pinned))]);
    for (name, url) in &endpoints {
        assert_safe(url);
        assert!(base.scheme() == "http" || url.scheme() == "https", "`{name}` is `{url}`");
        let url = Value::from(url.as_str());
        let entry = if *name == "mtls_endpoint_aliases" { json!({ "token_endpoint": url }) } else { url };
        document.insert((*name).to_owned(), entry);
    }
    assert_eq!(issuer(Value::Object(document).to_string().as_bytes(), pinned).unwrap(), endpoints);
});

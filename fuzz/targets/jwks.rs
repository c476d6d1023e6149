#![no_main]
//! A key set.

use abide::credentials::jwt::fuzzing::Keys;
use abide_fuzz::assert_short;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

const MAX_KEYS: usize = 64;

fuzz_target!(|body: &[u8]| {
    let keys = match Keys::parse(body) {
        Ok(keys) => keys,
        Err(error) => return assert_short(&error),
    };
    let document: Value = serde_json::from_slice(body).unwrap();
    let published = document["keys"].as_array().unwrap();
    let is_public = |key: &&Value| {
        let is_asymmetric = ["RSA", "EC", "OKP"].iter().any(|kind| key["kty"] == **kind);
        is_asymmetric && key.get("d").is_none() && key["use"] != "enc"
    };
    assert!(keys.iter().count() <= published.iter().filter(is_public).count().min(MAX_KEYS));
    for (kid, algorithms) in keys.iter() {
        assert!(!algorithms.is_empty());
        assert!(published.iter().any(|key| key["kid"].as_str().filter(|kid| !kid.is_empty()) == kid));
    }
    let zeros = "A".repeat(86);
    for signature in ["", "AAAA", &zeros] {
        assert!(!keys.signed("message", signature), "`{signature}` is a signature");
    }
});

#![no_main]
//! An artifact, as it is, and with the digest that its content has.

use abide::{
    Digest,
    artifact::{Artifact, ArtifactError},
};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|bytes: &[u8]| {
    check(bytes);
    let Ok(Value::Object(mut document)) = serde_json::from_slice(bytes) else { return };
    document.remove("digest");
    let Ok(digest) = Digest::of(&document) else { return };
    document.insert("digest".to_owned(), Value::from(digest.to_string()));
    let sealed = Value::Object(document).to_string();
    check(sealed.as_bytes());
    assert!(!matches!(Artifact::parse(sealed.as_bytes()), Err(ArtifactError::Digest { .. })), "{sealed}");
});

fn check(bytes: &[u8]) {
    match Artifact::parse(bytes) {
        Ok(artifact) => {
            assert_eq!(artifact.as_json().as_bytes(), bytes);
            let again = Artifact::seal((**artifact).clone()).unwrap();
            assert_eq!(again.digest(), artifact.digest());
            assert_plain(&artifact.summary().to_string());
        }
        Err(error) => assert_plain(&error.to_string()),
    }
}

/// A terminal does what control characters say.
fn assert_plain(text: &str) {
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
}

#![expect(clippy::unwrap_used, reason = "tests")]

use std::io::Write;

use super::*;

fn file(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

#[test]
fn a_bundle_that_cannot_be_used_is_an_error() {
    let missing = Path::new("/no/such/ca.pem");
    let error = roots_of_file(missing).unwrap_err();
    assert!(error.to_string().contains("`/no/such/ca.pem`"), "{error}");
    for text in [
        "",
        "not a certificate",
        "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n",
    ] {
        let file = file(text);
        let error = roots_of_file(file.path()).unwrap_err();
        assert!(matches!(error, Error::Authorities { .. }), "{text}: {error}");
    }
}

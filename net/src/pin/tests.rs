#![expect(clippy::unwrap_used, reason = "tests")]

use crate::pin::*;

#[test]
fn what_is_no_pin_says_why() {
    let pin = |bytes: &[u8]| format!("sha256/{}", STANDARD.encode(bytes));
    for (text, reason) in [
        (pin(&[7; 31]), "it has 31 bytes"),
        (pin(&[7; 33]), "it has 33 bytes"),
        (pin(&[]), "it has 0 bytes"),
        (pin(&[7; 32]).replace("sha256/", "sha1/"), "it does not begin with `sha256/`"),
        (pin(&[7; 32]).replace("sha256/", ""), "it does not begin with `sha256/`"),
        (pin(&[7; 32]).replace('=', ""), "it is not Base64"),
        ("sha256/!".to_owned(), "it is not Base64"),
    ] {
        let error = text.parse::<SpkiPin>().unwrap_err().to_string();
        assert!(error.contains(reason) && error.contains(&text), "{error}");
    }
    let good = pin(&[7; 32]);
    assert_eq!(good.parse::<SpkiPin>().unwrap().to_string(), good);
}

use std::time::Duration;

use crate::error::*;

fn server(status: u16) -> LmError {
    LmError::Server { status, retry_after: Some(Duration::from_millis(350)) }
}

#[test]
fn what_wraps_a_failure_hides_nothing_of_it() {
    let told = server(500).told("model requires more system memory".to_owned());
    let wrapped = told.after(4);
    assert_eq!(
        wrapped.to_string(),
        "the model server failed with status 500; the server says: model requires more system memory (after 4 attempts)"
    );
    assert_eq!((wrapped.root(), wrapped.attempts(), wrapped.is_transient()), (&server(500), 4, true));
    assert_eq!(wrapped.retry_after(), Some(Duration::from_millis(350)));
    assert_eq!(wrapped.after(6).attempts(), 6, "one layer of attempts, not two");
    assert_eq!(server(500).told(String::new()), server(500));
}

#[test]
fn only_a_401_blames_the_key() {
    let refused = |status| LmError::Auth { model: "openai/m".to_owned(), status }.to_string();
    assert!(refused(401).contains("refused the key"));
    assert!(refused(403).starts_with("the model server refused the request with status 403"), "{}", refused(403));
}

#[test]
fn a_wrong_address_is_told_by_its_path() {
    let at = |address: &str| LmError::NotFound { address: address.to_owned(), message: String::new() }.to_string();
    assert!(at("http://127.0.0.1:8080/chat/completions").contains("may lack a `/v1`"));
    assert!(!at("http://127.0.0.1:8080/v1/chat/completions").contains("may lack"));
    assert!(!at("https://a.example/v1beta/openai/chat/completions").contains("may lack"));
    assert!(at("https://v1.example/chat/completions").contains("may lack"), "a host is no path");
}

#[test]
fn short_waits_are_told_too() {
    let limited = LmError::RateLimited { retry_after: Some(Duration::from_millis(350)) };
    assert_eq!(limited.to_string(), "the model server limits the rate: wait 350ms");
}

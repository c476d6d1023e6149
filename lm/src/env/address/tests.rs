#![expect(clippy::unwrap_used, reason = "tests")]

use crate::env::address::*;

fn wrong(text: &str) -> String {
    base(text, &[]).unwrap_err()
}

#[test]
fn what_can_never_work_is_refused_at_once() {
    for (text, hint) in [
        ("localhost:11434/v1", "has no scheme: put `http://`"),
        ("127.0.0.1:8080/v1", "has no scheme"),
        ("models.example.com/v1", "has no scheme"),
        ("ftp://models.example.com/v1", "neither https nor http"),
        ("https://", "is not an address"),
        ("http://models.example.com/v1", "use https; or, for a host of your own network"),
        ("http://10.0.0.5:8000/v1", "`ABIDE_PRIVATE_HOSTS`"),
        ("http://0.0.0.0:11434/v1", "write `127.0.0.1`"),
        ("http://[::]:11434/v1", "write `127.0.0.1`"),
        ("https://169.254.169.254/v1", "metadata service"),
        ("https://me:hunter2@models.example.com/v1", "user name or password"),
        ("https://models.example.com/v1/chat/completions", "ends with `/chat/completions`"),
        ("https://models.example.com/v1/messages/", "ends with `/messages`"),
    ] {
        let told = wrong(text);
        assert!(told.contains(hint), "{text}: {told}");
        assert!(!told.contains("hunter2"), "{told}");
    }
}

#[test]
fn what_may_work_is_taken() {
    let private = hosts("model.internal,10.0.0.5,fd00::1").unwrap();
    for text in [
        "http://localhost:11434/v1",
        "http://127.0.0.1:8080",
        "http://[::1]:8080/v1/",
        "https://10.0.0.6/v1",
        "https://models.example.com/openai/deployments/d?api-version=2024-10-21",
        "http://model.internal/v1",
        "http://10.0.0.5:8000/v1",
        "http://[fd00::1]/v1",
    ] {
        assert!(base(text, &private).is_ok(), "{text}");
    }
}

#[test]
fn hosts_are_hosts() {
    assert!(hosts(" , ").unwrap().is_empty());
    for list in ["http://a.example", "a.example:80", "a example"] {
        assert!(hosts(list).unwrap_err().contains("no host"), "{list}");
    }
}

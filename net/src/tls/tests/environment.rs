//! What the environment may say, and what not.

use std::process::Command;

use super::super::tests::*;

const CHILD: &str = "ABIDE_TEST_URL";
const STRANGER: &str = "ABIDE_TEST_STRANGER";

/// Runs itself in a process of its own, since a process must not change its own environment.
#[tokio::test(flavor = "multi_thread")]
async fn the_environment_names_authorities_and_no_proxy() {
    if let Ok(url) = std::env::var(CHILD) {
        return child(&url).await;
    }
    let (authority, stranger) = (Authority::new(Validity::Now), Authority::new(Validity::Now));
    let server = Server::start(&authority.leaf(HOST, Validity::Now), Tls::default(), router()).await;
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "tls::tests::environment::the_environment_names_authorities_and_no_proxy"]);
    for proxy in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
        command.env(proxy, "http://127.0.0.1:1");
    }
    command.env_remove("no_proxy").env_remove("NO_PROXY").env("SSL_CERT_FILE", authority.bundle());
    command.env(CHILD, server.url(HOST).as_str()).env(STRANGER, stranger.bundle());
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
    assert_eq!(server.handshakes(), 1);
}

async fn child(url: &str) {
    let request = Request::get(url.parse().unwrap());
    let reply = Client::new(&Options::own_network()).unwrap().send(request.clone()).await;
    assert_eq!(reply.unwrap().body, "hello");
    // a named bundle counts instead
    let options = Options::own_network().ca_bundle(std::env::var_os(STRANGER).map(Into::into));
    let error = Client::new(&options).unwrap().send(request).await.unwrap_err();
    assert!(matches!(error, Error::UnknownAuthority { .. }), "{error}");
}

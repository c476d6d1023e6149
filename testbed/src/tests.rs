#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

pub(crate) mod support;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use rustls::server::ParsedCertificate;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::{io::AsyncReadExt as _, net::TcpStream};
use tokio_rustls::TlsConnector;

use self::support::{Agent, client, tls, trace};
use crate::{Options, Scheme, Testbed};

#[tokio::test]
async fn everything_stops_when_the_handle_is_dropped() {
    let testbed = Testbed::start(Options::default()).await.unwrap();
    let ca_path = testbed.ca_path().to_owned();
    assert_eq!(std::fs::read_to_string(&ca_path).unwrap(), testbed.ca_pem());
    let addresses = [testbed.mcp_url(), testbed.issuer(), &testbed.model_url()].map(address);
    let mut open = Vec::new();
    for address in addresses {
        open.push(TcpStream::connect(address).await.unwrap());
    }

    drop(testbed);

    assert!(!ca_path.exists());
    for mut connection in open {
        let closed = tokio::time::timeout(Duration::from_secs(10), connection.read_u8()).await;
        assert!(closed.unwrap().is_err(), "an open connection must be closed");
    }
    for address in addresses {
        TcpStream::connect(address).await.unwrap_err();
    }
}

#[tokio::test]
async fn the_simulated_model_is_served_too() {
    let testbed = Testbed::start(Options::default().seed(7)).await.unwrap();
    let models = format!("{}/models", testbed.model_url());
    let listed: Value = client(&testbed).get(models).send().await.unwrap().json().await.unwrap();
    assert!(listed.to_string().contains("stand-in"));
    assert_eq!(testbed.model().requests(), 0);
}

#[tokio::test]
async fn only_the_own_authority_is_trusted() {
    let ours = Testbed::start(Options::default()).await.unwrap();
    let other = Testbed::start(Options::default()).await.unwrap();
    let metadata = format!("{}/.well-known/oauth-protected-resource", ours.mcp_url().strip_suffix("/mcp").unwrap());
    assert_eq!(client(&ours).get(&metadata).send().await.unwrap().status(), 200);
    client(&other).get(&metadata).send().await.unwrap_err();
    let local = metadata.replace("127.0.0.1", "localhost");
    assert_eq!(client(&ours).get(&local).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn the_pin_is_that_of_the_key_shown_over_tls_1_2_and_1_3() {
    let testbed = Testbed::start(Options::default()).await.unwrap();
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let connector = TlsConnector::from(Arc::new(tls(&testbed, &[version])));
        let stream = TcpStream::connect(address(testbed.mcp_url())).await.unwrap();
        let name = "localhost".try_into().unwrap();
        let stream = connector.connect(name, stream).await.unwrap();
        let (_, session) = stream.get_ref();
        assert_eq!(session.protocol_version(), Some(version.version));
        let leaf = ParsedCertificate::try_from(&session.peer_certificates().unwrap()[0]).unwrap();
        let digest = Sha256::digest(leaf.subject_public_key_info());
        let pin = format!("sha256/{}", STANDARD.encode(digest));
        assert_eq!(pin, testbed.spki_pin());
    }
}

#[tokio::test]
async fn the_issuer_speaks_https_and_the_mcp_server_http_when_asked_to() {
    let options = Options::default().issuer_scheme(Scheme::Https).mcp_scheme(Scheme::Http);
    let agent = Agent::start(options).await;
    assert!(agent.testbed.issuer().starts_with("https://127.0.0.1:"));
    assert!(agent.testbed.mcp_url().starts_with("http://127.0.0.1:"));
    let id = &crate::customers::all()[0].id;
    let result = agent.result(1, "get_customer_info", json!({ "customer_id": id })).await;
    assert_eq!(result["structuredContent"]["customer_id"], *id);
}

#[tokio::test]
async fn the_state_of_a_run_is_its_own() {
    let agent = Agent::start(Options::default()).await;
    let id = &crate::customers::all()[3].id;
    let ticket = json!({ "customer_id": id, "issue": "no sound", "priority": "high" });
    agent.result(1, "create_support_ticket", ticket.clone()).await;
    agent.result(2, "create_support_ticket", ticket.clone()).await;
    agent.result(2, "create_support_ticket", ticket.clone()).await;
    let unknown = json!({ "customer_id": "XYZ999", "issue": "no sound" });
    agent.result(2, "create_support_ticket", unknown).await;
    for more in [json!({}), json!({ "priority": "medium" })] {
        let mut other = json!({ "customer_id": id, "issue": "no picture" });
        other.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        agent.result(4, "create_support_ticket", other).await;
    }
    assert_eq!(agent.testbed.state(trace(4)).tickets.len(), 1, "the same ticket");

    let [one, two, three] = [1, 2, 3].map(|run| agent.testbed.state(trace(run)));
    assert_eq!(one.tickets.len(), 1);
    assert_eq!(one.tickets[0].customer_id, *id);
    assert_eq!(one.tickets[0].issue, "no sound");
    assert_eq!(one.tickets[0].priority.as_deref(), Some("high"));
    assert_eq!(one.calls.len(), 1);
    assert_eq!(one.calls[0].arguments, ticket);
    assert_eq!((two.tickets.len(), two.calls.len()), (1, 2));
    assert_eq!(three, crate::task::State::default());
}

#[tokio::test]
async fn secrets_are_random_and_never_in_debug_output() {
    let one = Testbed::start(Options::default()).await.unwrap();
    let two = Testbed::start(Options::default()).await.unwrap();
    assert_eq!(one.client_secret().len(), 64);
    assert_ne!(one.client_secret(), two.client_secret());
    assert!(!format!("{one:?}").contains(one.client_secret()));
}

fn address(url: &str) -> SocketAddr {
    url.split('/').nth(2).unwrap().parse().unwrap()
}

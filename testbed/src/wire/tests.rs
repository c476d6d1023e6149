#![expect(clippy::unwrap_used, reason = "tests")]

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::{io::AsyncReadExt as _, net::TcpStream};

use super::Fault;
use crate::{
    Options,
    tests::support::{Agent, client, trace},
};

const TOOL: &str = "get_recent_customers";

async fn agent() -> Agent {
    Agent::start(Options::default().burst(1_000)).await
}

fn call(agent: &Agent) -> reqwest::RequestBuilder {
    agent.call(1, TOOL, json!({ "limit": 1 })).timeout(Duration::from_millis(300))
}

fn executed(agent: &Agent) -> usize {
    agent.testbed.mcp().log().executed(trace(1)).len()
}

#[tokio::test]
async fn a_server_that_is_down_refuses_and_comes_back_at_the_same_place() {
    let agent = agent().await;
    assert_eq!(call(&agent).send().await.unwrap().status(), 200);
    let address = agent.testbed.mcp_url().split('/').nth(2).unwrap().to_owned();
    let mut open = TcpStream::connect(&address).await.unwrap();
    agent.testbed.mcp().wire().inject(Fault::Down);
    let closed = tokio::time::timeout(Duration::from_secs(10), open.read_u8()).await;
    closed.unwrap().unwrap_err();
    for _ in 0..20 {
        assert!(call(&agent).send().await.unwrap_err().is_connect());
    }
    agent.testbed.mcp().wire().heal();
    // it takes a moment to listen again
    let start = Instant::now();
    while call(&agent).send().await.is_err() {
        assert!(start.elapsed() < Duration::from_secs(10));
        tokio::task::yield_now().await;
    }
    assert!(executed(&agent) >= 2);
}

#[tokio::test]
async fn silence_is_no_answer_and_no_deed() {
    let agent = agent().await;
    assert_eq!(call(&agent).send().await.unwrap().status(), 200);
    agent.testbed.mcp().wire().inject(Fault::Silent);
    assert!(call(&agent).send().await.unwrap_err().is_timeout(), "an open connection");
    let fresh = client(&agent.testbed).get(agent.testbed.mcp_url()).timeout(Duration::from_millis(300));
    assert!(fresh.send().await.unwrap_err().is_timeout(), "a new connection");
    agent.testbed.mcp().wire().heal();
    assert_eq!(call(&agent).send().await.unwrap().status(), 200);
    assert_eq!(executed(&agent), 2);
}

#[tokio::test]
async fn a_head_without_a_body_is_a_deed_without_an_answer() {
    let agent = agent().await;
    agent.testbed.mcp().wire().inject(Fault::HeadOnly);
    let reply = call(&agent).send().await.unwrap();
    assert_eq!(reply.status(), 200);
    assert!(reply.bytes().await.unwrap_err().is_timeout());
    assert_eq!(executed(&agent), 1);
}

#[tokio::test]
async fn a_slow_body_is_whole_in_the_end() {
    let agent = agent().await;
    agent.testbed.mcp().wire().inject(Fault::Slow(Duration::from_millis(1)));
    let start = Instant::now();
    let reply = call(&agent).timeout(Duration::from_secs(60)).send().await.unwrap();
    let body = reply.text().await.unwrap();
    assert!(start.elapsed() >= Duration::from_millis(body.len() as u64), "{body}");
    assert!(body.ends_with('}'), "{body}");
}

#[tokio::test]
async fn a_reset_comes_in_the_middle_of_the_reply() {
    let agent = agent().await;
    agent.testbed.mcp().wire().inject_every(2, Fault::Reset);
    let wire = agent.testbed.mcp().wire();
    let before = wire.counters();
    let mut whole = 0;
    for _ in 0..6 {
        let reply = call(&agent).send().await.unwrap();
        assert_eq!(reply.status(), 200);
        whole += usize::from(reply.bytes().await.is_ok());
    }
    assert_eq!(whole, 3);
    assert_eq!(executed(&agent), 6);
    let after = wire.counters();
    assert_eq!(after.requests - before.requests, 6);
    assert_eq!(after.connections - before.connections, 3, "one after each reset");
    assert_eq!(after.handshakes, after.connections);
}

#[tokio::test]
async fn a_reset_is_one_for_the_kernel_too() {
    use std::io::ErrorKind;
    use tokio::io::AsyncWriteExt as _;
    let agent = agent().await;
    agent.testbed.auth().wire().inject(Fault::Reset);
    let address = agent.testbed.issuer().strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(b"GET /jwks HTTP/1.1\r\nhost: localhost\r\n\r\n").await.unwrap();
    let mut reply = Vec::new();
    let error = stream.read_to_end(&mut reply).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    assert!(reply.starts_with(b"HTTP/1.1 200 OK"));
    assert!(!reply.ends_with(b"}"));
}

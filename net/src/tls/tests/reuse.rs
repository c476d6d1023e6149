//! Connections are used again.

use futures_util::future::join_all;

use super::super::tests::*;

#[tokio::test]
async fn a_handshake_serves_many_requests() {
    let authority = Authority::new(Validity::Now);
    for protocol in ["http/1.1", "h2"] {
        let tls = Tls { protocols: vec![protocol], ..Tls::default() };
        let server = Server::start(&authority.leaf(HOST, Validity::Now), tls, router()).await;
        let client = Client::new(&trusting(&authority)).unwrap();
        for _ in 0..100 {
            assert_eq!(client.send(Request::get(server.url(HOST))).await.unwrap().body, "hello");
        }
        assert_eq!(server.handshakes(), 1, "{protocol}");
    }
}

#[tokio::test]
async fn a_crowd_makes_at_most_a_connection_each() {
    let authority = Authority::new(Validity::Now);
    for protocol in ["http/1.1", "h2"] {
        let tls = Tls { protocols: vec![protocol], ..Tls::default() };
        let server = Server::start(&authority.leaf(HOST, Validity::Now), tls, router()).await;
        let client = Client::new(&trusting(&authority)).unwrap();
        for _ in 0..4 {
            let crowd = (0..32).map(|_| client.send(Request::get(server.url(HOST))));
            for reply in join_all(crowd).await {
                assert_eq!(reply.unwrap().body, "hello");
            }
        }
        assert!((1..=32).contains(&server.handshakes()), "{protocol}: {}", server.handshakes());
    }
}

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use abide_base::{clock::SystemClock, scope::ScopeSet, secret::Redactor};
use rmcp::model::{
    ClientConfig, ClientRequest, DiscoverRequest, DiscoverRequestParams, InitializeRequest, ListToolsRequest, RequestId,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::super::{http::*, place::Headers};
use crate::{client::limit::PATIENCE, servers::ServerConfig};

/// A server that begins each answer so, and does not go on.
async fn beginning(answer: &'static str) -> Http {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap()).parse().unwrap();
    tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(answer.as_bytes()).await;
            open.push(stream);
        }
    });
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let config = ServerConfig::new("s".to_owned().try_into().unwrap(), url);
    let connection = Connection::new(config, ScopeSet::new(), clock, Redactor::new()).unwrap();
    Http::new(Arc::new(connection), PATIENCE)
}

#[tokio::test]
async fn what_does_not_come_in_time_is_named() {
    let json = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{";
    let stream = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n: alive\n\n";
    let requests = [
        (ClientRequest::ListToolsRequest(ListToolsRequest::default()), Subject::List),
        (ClientRequest::InitializeRequest(InitializeRequest::new(ClientConfig::default())), Subject::Start),
        (ClientRequest::DiscoverRequest(DiscoverRequest::new(DiscoverRequestParams {})), Subject::Start),
    ];
    for answer in [json, stream] {
        let http = beginning(answer).await;
        for (request, expected) in &requests {
            let message = ClientJsonRpcMessage::request(request.clone(), RequestId::Number(1));
            let place = Place { session: None, headers: Headers::new() };
            let reply =
                http.exchange(&http.request_with(&message, &place, None, TIMEOUT).unwrap(), None).await.unwrap();
            match http.read(reply, &message, &place, None, Duration::from_millis(1)).await {
                Err(StreamableHttpError::Client(Fault::Timeout { subject, .. })) => assert_eq!(subject, *expected),
                other => panic!("{other:?}"),
            }
        }
    }
}

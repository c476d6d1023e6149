#![expect(clippy::unwrap_used, reason = "tests")]

mod addresses;
mod proxies;
mod silence;

use std::net::SocketAddr;

use abide_testbed::lab::closed::Closed;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::client::*;

fn url(text: &str) -> Url {
    text.parse().unwrap()
}

fn client() -> Client {
    Client::new(&Options::own_network()).unwrap()
}

/// Answers every connection with the same bytes.
async fn server(answer: Vec<u8>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(&answer).await;
        }
    });
    address
}

#[test]
fn only_https_or_the_machine_itself() {
    for good in
        ["https://example.com/x", "http://127.0.0.1:1/", "http://127.8.0.1/", "http://[::1]:8080/", "http://localhost/"]
    {
        assert_eq!(check_address(&url(good)), Ok(()), "{good}");
    }
    for insecure in ["http://example.com/", "http://localhost.example.com/", "http://10.0.0.1/", "http://[::2]/"] {
        let error = check_address(&url(insecure)).unwrap_err();
        assert!(matches!(error, Error::Insecure { .. }), "{insecure}: {error}");
    }
    for unusable in
        ["ftp://127.0.0.1/", "https://user@example.com/", "https://:word@example.com/", "file:///etc/passwd", "data:,x"]
    {
        let error = check_address(&url(unusable)).unwrap_err();
        assert!(matches!(error, Error::Address { .. }), "{unusable}: {error}");
        assert!(!error.to_string().contains("word@"));
    }
}

#[tokio::test]
async fn reads_up_to_the_limit() {
    let at = server(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello".to_vec()).await;
    let mut request = Request::get(url(&format!("http://{at}/")));
    request.max_body = 5;
    assert_eq!(&client().send(request.clone()).await.unwrap().body[..], b"hello");
    request.max_body = 4;
    let error = client().send(request).await.unwrap_err();
    assert_eq!(error, Error::TooLarge { host: at.to_string(), limit: 4 });
    assert!(!error.is_transient());
}

#[tokio::test]
async fn an_endless_body_is_cut_off() {
    let mut answer = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n".to_vec();
    answer.resize(3 << 20, b'x');
    let at = server(answer).await;
    let error = client().send(Request::get(url(&format!("http://{at}/")))).await.unwrap_err();
    assert!(matches!(error, Error::TooLarge { limit: MAX_BODY, .. }), "{error}");
}

#[tokio::test]
async fn follows_no_redirect() {
    let at = server(b"HTTP/1.1 307 Go\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n".to_vec()).await;
    let reply = client().send(Request::get(url(&format!("http://{at}/")))).await.unwrap();
    assert_eq!(reply.status, StatusCode::TEMPORARY_REDIRECT);
}

#[tokio::test]
async fn says_that_no_server_listens() {
    let free = Closed::bind();
    let error = client().send(Request::get(url(&format!("http://{free}/?key=hidden")))).await.unwrap_err();
    assert!(matches!(error, Error::Connect { .. }), "{error}");
    assert!(error.is_transient());
    assert!(error.to_string().contains(&free.to_string()));
    assert!(!format!("{error:?}").contains("hidden"));
}

#[tokio::test]
async fn says_that_the_connection_broke() {
    let at = server(b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nhell".to_vec()).await;
    let error = client().send(Request::get(url(&format!("http://{at}/")))).await.unwrap_err();
    assert!(matches!(error, Error::Broken { .. }), "{error}");
    assert!(error.is_transient());
}

#[tokio::test]
async fn gives_up_on_a_silent_server() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    let mut request = Request::get(url(&format!("http://{at}/")));
    request.timeout = Duration::from_millis(50);
    for error in
        [client().send(request.clone()).await.unwrap_err(), client().open(request).await.map(|_| ()).unwrap_err()]
    {
        assert_eq!(error, Error::Timeout { host: at.to_string(), after: Duration::from_millis(50) });
    }
}

#[tokio::test]
async fn opens_a_stream() {
    let at = server(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello".to_vec()).await;
    let streamed = client().open(Request::post(url(&format!("http://{at}/")), "x")).await.unwrap();
    assert_eq!(streamed.status, StatusCode::OK);
    assert_eq!(streamed.collect(5).await.unwrap(), "hello");
}

#[test]
fn shows_no_headers() {
    let mut request = Request::get(url("https://example.com/path?key=hidden"));
    request.headers.insert("authorization", "hidden".parse().unwrap());
    assert_eq!(format!("{request:?}"), "Request(GET example.com)");
}

//! Peers that stop in the middle.

use super::super::tests::*;

const SHORT: Duration = Duration::from_millis(50);

/// Answers the first bytes with some bytes, and then nothing more, without closing.
async fn stuck(bytes: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            stream.write_all(bytes).await.unwrap();
            open.push(stream);
        }
    });
    address
}

#[tokio::test]
async fn a_stream_that_falls_silent_ends() {
    let at = stuck(b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nhell").await;
    let client = Client::new(&Options::own_network().read_timeout(SHORT)).unwrap();
    let request = Request::get(url(&format!("http://{at}/")));
    let mut streamed = client.open(request.clone()).await.unwrap();
    assert_eq!(streamed.body.next().await.unwrap().unwrap(), "hell");
    let silent = Error::Silent { host: at.to_string(), after: SHORT };
    assert_eq!(streamed.body.next().await.unwrap().unwrap_err(), silent);
    assert!(streamed.body.next().await.is_none());
    assert!(silent.is_transient());
    let collected = client.open(request).await.unwrap().collect(50).await;
    assert_eq!(collected.unwrap_err(), silent);
}

#[tokio::test]
async fn a_reply_that_is_read_whole_has_only_its_own_time() {
    let at = stuck(b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\nhell").await;
    let client = Client::new(&Options::own_network().read_timeout(SHORT)).unwrap();
    let mut request = Request::get(url(&format!("http://{at}/")));
    request.timeout = SHORT * 4;
    let error = client.send(request).await.unwrap_err();
    assert_eq!(error, Error::Timeout { host: at.to_string(), after: SHORT * 4 });
}

#[tokio::test]
async fn a_slow_stream_is_not_a_silent_one() {
    let chunks = stream::iter(0..6).then(|_| async {
        tokio::time::sleep(SHORT).await;
        Ok(Bytes::from_static(b"x"))
    });
    let (status, headers) = (StatusCode::OK, HeaderMap::new());
    let slow = Streamed { status, headers, body: chunks.boxed(), host: "a.example".into() };
    assert_eq!(slow.never_silent_for(SHORT * 4).collect(6).await.unwrap(), "xxxxxx");
}

#[tokio::test]
async fn a_handshake_that_never_comes_is_not_waited_for() {
    let at = stuck(b"").await;
    let client = Client::new(&Options::own_network().connect_timeout(SHORT)).unwrap();
    let error = client.send(Request::get(url(&format!("https://{at}/")))).await.unwrap_err();
    assert_eq!(error, Error::ConnectTimeout { host: at.to_string(), after: SHORT });
}

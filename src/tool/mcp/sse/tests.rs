#![expect(clippy::unwrap_used, reason = "tests")]

use futures_util::stream;

use super::*;

async fn read(chunks: &[&'static [u8]], limit: usize) -> Vec<Result<String, String>> {
    let chunks: Vec<Result<Bytes, net::Error>> = chunks.iter().map(|chunk| Ok(Bytes::from_static(chunk))).collect();
    events(stream::iter(chunks).boxed(), limit)
        .map(|event| event.map(|e| e.data.unwrap_or_default()).map_err(|e| e.to_string()))
        .collect()
        .await
}

#[tokio::test]
async fn reads_events_across_chunks() {
    let found = read(&[b"data: a\n", b"\ndata: b\r\n\r", b"\n: ping\n\ndata: c\n\n"], 20).await;
    let data: Vec<_> = found.into_iter().map(Result::unwrap).filter(|d| !d.is_empty()).collect();
    assert_eq!(data, ["a", "b", "c"]);
}

#[tokio::test]
async fn an_event_has_a_limit_and_a_stream_has_none() {
    for end in ["\n\n", "\r\n\r\n", "\r\r"] {
        let event: &[u8] = format!("data: 12345678{end}").leak().as_bytes();
        assert_eq!(read(&[event; 100], 16).await.into_iter().filter(Result::is_ok).count(), 100);
    }
    for long in [
        vec![b"data: 123456789\n\n".as_slice()],
        vec![b"data: 1234".as_slice(); 10],
        vec![b"data: 1\ndata: 2\n".as_slice(), b"data: 3\n\n".as_slice()],
        vec![b"\n\ndata: 123456789 and more".as_slice(), b"\n\n".as_slice()],
    ] {
        let found = read(&long, 16).await;
        let error = found.last().unwrap().as_ref().unwrap_err();
        assert!(error.contains("16 bytes"), "{error}");
    }
}

#[tokio::test]
async fn a_broken_connection_is_passed_on() {
    let error = net::Error::Broken { host: "a.example".into(), reason: "reset".into() };
    let bytes = stream::iter([Ok(Bytes::from_static(b"data: a\n\n")), Err(error)]);
    let found: Vec<_> = events(bytes.boxed(), 100).collect().await;
    assert!(found.last().unwrap().as_ref().unwrap_err().to_string().contains("reset"));
}

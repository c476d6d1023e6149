#![expect(clippy::unwrap_used, reason = "tests")]

use futures_util::stream;

use super::super::sse::*;

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
        vec![b"data: 1234567890\n\n".as_slice()],
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

/// The events of a stream that comes in one piece and byte by byte, which makes no difference.
async fn events_of(text: &'static [u8]) -> Vec<Sse> {
    let whole: Vec<Result<Bytes, net::Error>> = vec![Ok(Bytes::from_static(text))];
    let single: Vec<Result<Bytes, net::Error>> = text.chunks(1).map(|byte| Ok(Bytes::from_static(byte))).collect();
    let read = async |chunks| events(stream::iter::<Vec<_>>(chunks).boxed(), 1_000).map(Result::unwrap).collect().await;
    let (whole, single): (Vec<Sse>, Vec<Sse>) = (read(whole).await, read(single).await);
    assert_eq!(whole, single, "{}", text.escape_ascii());
    whole
}

#[tokio::test]
async fn what_the_standard_says_to_ignore_ends_no_stream() {
    let message = vec![Sse::default().data("x")];
    for text in [
        "data: x\n\n",
        "data:x\n\n",
        "foo: bar\ndata: x\n\n",
        "foo\ndata: x\n\n",
        ": a comment\n:\ndata: x\n: more\n\n",
        "\u{feff}data: x\n\n",
        "\u{feff}: hello\n\ndata: x\n\n",
        "retry: soon\ndata: x\n\n",
        "retry: -1\nretry:\nretry: 1.5\nretry: 99999999999999999999999\ndata: x\n\n",
        "id: a\0b\ndata: x\n\n",
        "id\ndata: x\n\n",
        "data\n\ndata: x\n\n",
        "data:\n\n\n\ndata: x\n\n",
        "event: ping\n\ndata: x\n\n",
        "data: x\r\n\r\n",
        "data: x\r\r",
        "data: x\r\n\n",
        "\r\n\r\ndata: x\n\r\n",
        "data: x\n\ndata: cut off",
        "data: x\n\ndata: cut off\n",
    ] {
        assert_eq!(events_of(text.as_bytes()).await, message, "{text:?}");
    }
}

#[tokio::test]
async fn fields_mean_what_the_standard_says() {
    let event = Sse::default;
    for (text, expected) in [
        ("data: a\ndata: b\n\n", vec![event().data("a\nb")]),
        ("data: a\ndata\ndata: b\n\n", vec![event().data("a\n\nb")]),
        ("data:  a\n\n", vec![event().data(" a")]),
        ("event: a\nevent: message\ndata: x\n\n", vec![event().event("message").data("x")]),
        ("id: 1\nid: 2\nretry: 5\nretry: 7\ndata: x\n\n", vec![event().id("2").retry(7).data("x")]),
        ("id: 1\nretry: 10\n\n", vec![event().id("1").retry(10)]),
        ("id: 1\ndata: \n\n", vec![event().id("1")]),
        ("Data: x\n\n data: x\n\n", vec![]),
        ("data: x\n\u{feff}data: y\n\n", vec![event().data("x")]),
        ("data: a:b: c\n\n", vec![event().data("a:b: c")]),
    ] {
        assert_eq!(events_of(text.as_bytes()).await, expected, "{text:?}");
    }
    assert_eq!(events_of(b"data: \xff\n\n").await, [event().data("\u{fffd}")]);
}

#[tokio::test]
async fn comments_are_not_kept() {
    let ping: &[u8] = b": ping, and as many of them as one likes\n";
    let mut chunks = vec![ping; 1_000];
    chunks.push(b": and one without an end ".as_slice());
    chunks.extend(vec![b"xxxxxxxxxxxxxxxxxxxxxxxx".as_slice(); 1_000]);
    chunks.push(b"\ndata: x\n\n".as_slice());
    let found: Vec<_> = read(&chunks, 16).await;
    assert_eq!(found, [Ok("x".to_owned())]);
}

//! Servers that send more than was asked of them, and servers that only send much.

use abide_base::clock::SystemClock;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
};

use super::super::tests::*;
use crate::client::limit::{MAX_UNANSWERED, MESSAGES, REQUESTS};

/// Requests, messages and bytes: a stream may wait so long for each of them.
const KINDS: u32 = 3;
/// So that a flood is over soon.
const LITTLE_PATIENCE: Duration = Duration::from_millis(200);

/// What is done with one connection after its request was read: the method and the body.
type Act = dyn Fn(Arc<Peer>, &str, Value, TcpStream) -> BoxFuture<'static, ()> + Send + Sync;

/// A server that holds streams open. It is of the older era, gives out a session, and takes what is posted.
struct Peer {
    url: String,
    /// Answers to its own requests.
    answered: Mutex<Vec<Value>>,
    /// Bytes that it could write into streams.
    written: AtomicU64,
    opened: AtomicUsize,
    /// Whether answers are taken.
    taking: watch::Sender<bool>,
}

impl Peer {
    async fn start(
        act: impl Fn(Arc<Self>, &str, Value, TcpStream) -> BoxFuture<'static, ()> + Send + Sync + 'static,
    ) -> Arc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/mcp", listener.local_addr().unwrap());
        let (answered, written, opened) = Default::default();
        let peer = Arc::new(Self { url, answered, written, opened, taking: watch::Sender::new(true) });
        let (us, act): (_, Arc<Act>) = (peer.clone(), Arc::new(act));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (us, act) = (us.clone(), act.clone());
                tokio::spawn(async move { us.serve(stream, &*act).await });
            }
        });
        peer
    }

    async fn serve(self: Arc<Self>, mut stream: TcpStream, act: &Act) {
        let mut read = String::new();
        let body = loop {
            let mut chunk = [0; 4096];
            let Ok(more @ 1..) = stream.read(&mut chunk).await else { return };
            read.push_str(&String::from_utf8_lossy(&chunk[..more]));
            let Some((head, body)) = read.split_once("\r\n\r\n") else { continue };
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                break body.to_owned();
            }
        };
        let message: Value = serde_json::from_str(&body).unwrap_or_default();
        let method = read.split(' ').next().unwrap_or_default().to_owned();
        let reply = |result: &Value| {
            let body = json!({ "jsonrpc": "2.0", "id": message["id"], "result": result }).to_string();
            let head = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: application/json\r\nmcp-session-id: one";
            format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len())
        };
        let accepted = "HTTP/1.1 202 Accepted\r\nconnection: close\r\ncontent-length: 0\r\n\r\n".to_owned();
        let said = match message["method"].as_str() {
            Some("server/discover") => {
                "HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n".to_owned()
            }
            Some("initialize") => reply(&json!({
                "protocolVersion": "2025-11-25", "capabilities": {}, "serverInfo": { "name": "x", "version": "1" },
            })),
            Some("tools/list") => reply(&json!({ "tools": [tool("echo")] })),
            None if method == "POST" => {
                self.answered.lock().unwrap().push(message);
                self.taking.subscribe().wait_for(|taking| *taking).await.unwrap();
                accepted
            }
            Some("tools/call") => return act(self, "call", message, stream).await,
            None if method == "GET" => return act(self, "listen", message, stream).await,
            _ => accepted,
        };
        let _ = stream.write_all(said.as_bytes()).await;
    }

    /// Writes the head of an event stream.
    async fn open(&self, stream: &mut TcpStream) {
        self.opened.fetch_add(1, Ordering::SeqCst);
        let head = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-type: text/event-stream\r\n\r\n";
        let _ = stream.write_all(head.as_bytes()).await;
    }

    /// Says that there is no such stream.
    async fn refuse(&self, stream: &mut TcpStream) {
        let head = "HTTP/1.1 405 Method Not Allowed\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
        let _ = stream.write_all(head.as_bytes()).await;
    }

    /// Writes the same again and again, until the other side closes.
    async fn flood(&self, stream: &mut TcpStream, text: &str) {
        let text = text.repeat(64 * 1024 / text.len() + 1);
        while let Ok(written @ 1..) = stream.write(text.as_bytes()).await {
            self.written.fetch_add(u64::try_from(written).unwrap(), Ordering::SeqCst);
        }
    }

    async fn connect(&self, clock: Arc<dyn Clock>) -> McpServer {
        self.connect_with(clock, PATIENCE).await
    }

    async fn connect_with(&self, clock: Arc<dyn Clock>, patience: Duration) -> McpServer {
        let config = ServerConfig::new("s".to_owned().try_into().unwrap(), self.url.parse().unwrap());
        let connection = Connection::new(config, ScopeSet::new(), clock, Redactor::new()).unwrap();
        McpServer::connect_with_patience(Arc::new(connection), patience).await.unwrap()
    }
}

fn event(message: &Value) -> String {
    format!("data: {message}\n\n")
}

fn done(message: &Value) -> String {
    let content = json!([{ "type": "text", "text": "done" }]);
    event(&json!({ "jsonrpc": "2.0", "id": message["id"], "result": { "content": content } }))
}

const PING: &str = "id: 7\ndata: {\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\n\n";
const ROOTS: &str = "data: {\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"roots/list\"}\n\n";
const UNKNOWN: &str = "data: {\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"x/y\",\"params\":{}}\n\n";
const PROGRESS: &str =
    "event: message\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{}}\n\n";
const CHANGED: &str = "data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/tools/list_changed\"}\n\n";
const FOREIGN: &str = "data: {\"jsonrpc\":\"2.0\",\"id\":999,\"result\":{}}\n\n";

#[tokio::test]
async fn a_flood_in_the_stream_of_a_call_ends_the_call() {
    let bulk = format!("data: {}\n\n", "x".repeat(10_000));
    for (text, kind) in [
        (PING, "requests"),
        (ROOTS, "requests"),
        (UNKNOWN, "requests"),
        (PROGRESS, "messages"),
        (CHANGED, "messages"),
        (FOREIGN, "messages"),
        (":\n", "messages"),
        (": x\n\n", "messages"),
        ("\n", "messages"),
        ("id: 1\n\n", "messages"),
        ("retry: 1\r\n\r\n", "messages"),
        ("a\r", "messages"),
        (bulk.as_str(), "bytes"),
    ] {
        let flood = text.to_owned();
        let peer = Peer::start(move |peer, kind, _, mut stream| {
            let (flood, listen) = (flood.clone(), kind == "listen");
            async move {
                if listen {
                    return peer.refuse(&mut stream).await;
                }
                peer.open(&mut stream).await;
                peer.flood(&mut stream, &flood).await;
            }
            .boxed()
        })
        .await;
        let clock = Arc::new(Noted::<SystemClock>::default());
        let server = peer.connect_with(clock.clone(), LITTLE_PATIENCE).await;
        let (reply, _) = call(&server, Effect::Read).await;
        let error = reply.unwrap_err().to_string();
        assert!(error.contains(&format!("server `s` sends too many {kind} on its own")), "{:.80}: {error}", text);
        let slept: Duration = clock.slept().iter().sum();
        assert!(slept <= KINDS * LITTLE_PATIENCE, "{kind}: {:?}", clock.slept());
        assert_eq!(peer.opened.load(Ordering::SeqCst), 1, "it is not asked again");
        // what was read, and what lies in the buffers of the system and of the HTTP library
        let written = peer.written.load(Ordering::SeqCst);
        assert!(written < 32 << 20, "{kind}: {written}");
        let answered = peer.answered.lock().unwrap().len();
        assert!(answered <= 2 * usize::try_from(REQUESTS.at_once).unwrap(), "{answered}");
    }
}

#[tokio::test]
async fn a_flood_while_nothing_is_under_way_is_not_listened_to() {
    for (text, patience) in [(PING, PATIENCE), (PROGRESS, LITTLE_PATIENCE), (":\n", LITTLE_PATIENCE)] {
        let flood = text.to_owned();
        let (gone, over) = tokio::sync::mpsc::unbounded_channel();
        let peer = Peer::start(move |peer, kind, message, mut stream| {
            let (flood, listen, gone) = (flood.clone(), kind == "listen", gone.clone());
            async move {
                if listen {
                    peer.open(&mut stream).await;
                    peer.flood(&mut stream, &flood).await;
                    gone.send(()).unwrap();
                } else {
                    peer.open(&mut stream).await;
                    let _ = stream.write_all(done(&message).as_bytes()).await;
                }
            }
            .boxed()
        })
        .await;
        let (mut over, clock) = (over, Arc::new(Noted::<SystemClock>::default()));
        let server = peer.connect_with(clock.clone(), patience).await;
        over.recv().await.unwrap();
        let slept: Duration = clock.slept().iter().sum();
        assert!(slept <= KINDS * patience, "{slept:?}");
        let each_request = Duration::from_secs(1) / REQUESTS.per_second;
        assert!(text != PING || slept > patience - each_request, "{slept:?}");
        assert!(peer.written.load(Ordering::SeqCst) < 32 << 20);
        // calls go on
        assert_eq!(call(&server, Effect::Read).await.0.unwrap(), ToolReply::done("done"));
        assert_eq!(peer.opened.load(Ordering::SeqCst), 2, "one stream to listen to, one for the call");
    }
}

#[tokio::test]
async fn one_that_only_sends_much_is_read_to_the_end() {
    let peer = Peer::start(|peer, kind, message, mut stream| {
        let listen = kind == "listen";
        async move {
            peer.open(&mut stream).await;
            if listen {
                return std::future::pending().await;
            }
            let much = format!("{}{}{}", PING.repeat(20), PROGRESS.repeat(5_000), ": x\n\n".repeat(500));
            let long =
                event(&json!({ "jsonrpc": "2.0", "method": "notifications/message", "params": "x".repeat(100_000) }));
            for part in [much, long.repeat(30), PING.repeat(20), done(&message)] {
                stream.write_all(part.as_bytes()).await.unwrap();
            }
        }
        .boxed()
    })
    .await;
    let clock = Arc::new(Noted::<SystemClock>::default());
    let server = peer.connect(clock.clone()).await;
    for _ in 0..3 {
        assert_eq!(call(&server, Effect::Write).await.0.unwrap(), ToolReply::done("done"));
    }
    assert!(clock.slept().iter().all(Duration::is_zero), "no more than may come at once: {:?}", clock.slept());
    // the last ones are sent after the reply
    while peer.answered.lock().unwrap().len() < 3 * 40 {
        tokio::task::yield_now().await;
    }
    let pong = json!({ "jsonrpc": "2.0", "id": 1, "result": {} });
    assert!(peer.answered.lock().unwrap().iter().all(|answer| *answer == pong));
}

#[tokio::test]
async fn the_stream_is_not_read_further_while_too_many_requests_are_unanswered() {
    for (asked, answered) in [(MAX_UNANSWERED, true), (MAX_UNANSWERED + 2, false)] {
        let peer = Peer::start(move |peer, kind, message, mut stream| {
            let listen = kind == "listen";
            async move {
                peer.open(&mut stream).await;
                if listen {
                    return std::future::pending().await;
                }
                let text = format!("{}{}", PING.repeat(asked), done(&message));
                stream.write_all(text.as_bytes()).await.unwrap();
                std::future::pending().await
            }
            .boxed()
        })
        .await;
        let server = peer.connect(Arc::new(SystemClock::new())).await;
        peer.taking.send_replace(false);
        let mut pending = Box::pin(call(&server, Effect::Read));
        if !answered {
            let early = tokio::time::timeout(Duration::from_millis(300), &mut pending).await;
            assert!(early.is_err(), "{asked}");
            peer.taking.send_replace(true);
        }
        assert_eq!(pending.await.0.unwrap(), ToolReply::done("done"), "{asked}");
    }
}

#[tokio::test]
async fn a_stream_that_ends_at_once_is_not_opened_for_ever() {
    let peer = Peer::start(|peer, kind, message, mut stream| {
        let listen = kind == "listen";
        async move {
            peer.open(&mut stream).await;
            let text = if listen { "retry: 1\n\n".to_owned() } else { done(&message) };
            let _ = stream.write_all(text.as_bytes()).await;
        }
        .boxed()
    })
    .await;
    // one second of the library between two tries is real
    let server = peer.connect(Arc::new(Hasty::default())).await;
    tokio::time::timeout(Duration::from_secs(3), async {
        while peer.opened.load(Ordering::SeqCst) < 2 {
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();
    assert_eq!(call(&server, Effect::Read).await.0.unwrap(), ToolReply::done("done"));
    assert!(peer.opened.load(Ordering::SeqCst) < 8);
}

#[tokio::test]
async fn a_flood_in_place_of_a_list_of_tools_is_named() {
    let flooding = format!("{}{}", PROGRESS.repeat(usize::try_from(MESSAGES.at_once).unwrap() * 2), PING);
    let server = Server::start(move |_, message| (message["method"] == "tools/list").then(|| stream(&flooding))).await;
    let error = server.connect().await.unwrap_err();
    assert!(matches!(error, ConnectError::Protocol { .. }), "{error:?}");
    assert!(error.to_string().contains("server `s` sends too many messages on its own"), "{error}");
}

use std::{collections::BTreeMap, fmt::Write as _, path::PathBuf, sync::Arc, time::Duration};

use serde_json::Value;
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    task::{AbortHandle, JoinSet},
    time::sleep,
};

use super::{
    Case, Error,
    answer::State,
    case::{End, Transport},
    text,
    wire::{self, Chunk, Reply},
};

/// An odd server that is listening, until this is dropped.
pub struct Odd {
    state: Arc<State>,
    launch: Launch,
    accepting: Option<AbortHandle>,
}

/// How a client starts a program that calls [`speak`] with the case.
#[derive(Clone, Debug, Default)]
pub struct Launch {
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<String>,
    /// Its environment.
    pub env: BTreeMap<String, String>,
}

/// What a client's secret is.
const SECRET: &str = "a-secret-of-the-odd-client";

impl Odd {
    /// Serves a case from now on, where it is served over HTTP; else it is the client that starts it.
    ///
    /// # Errors
    /// There is no port, or the case needs a key that cannot be made.
    pub async fn start(case: &Case, launch: &Launch) -> Result<Self, Error> {
        if case.transport == Transport::Stdio {
            let state = Arc::new(State::new(case, "")?);
            return Ok(Self { state, launch: launch.clone(), accepting: None });
        }
        let (listener, address) = crate::serve::bind().await?;
        let state = Arc::new(State::new(case, &format!("http://{address}"))?);
        let accepting = tokio::spawn(accept(listener, state.clone())).abort_handle();
        Ok(Self { state, launch: launch.clone(), accepting: Some(accepting) })
    }

    /// The files that a client needs, by name: `boundary.toml`, and what it names.
    pub fn files(&self) -> BTreeMap<String, String> {
        let mut files = BTreeMap::from([("boundary.toml".to_owned(), self.boundary())]);
        if self.state.case.issuer.is_some() {
            files.insert("secret".to_owned(), SECRET.to_owned());
        }
        files
    }

    /// How often each was requested so far: methods of the protocol, `GET`, `DELETE`, `answer`, and other paths; `performed` counts
    /// calls that were answered as ordinary ones, and `forgotten` requests of sessions that were forgotten.
    pub fn seen(&self) -> BTreeMap<String, u64> {
        self.state.seen()
    }

    fn boundary(&self) -> String {
        let case = &self.state.case;
        let mut text = "[servers.odd]\n".to_owned();
        if case.transport == Transport::Stdio {
            let quoted = |text: &str| toml::Value::from(text).to_string();
            let args: Vec<String> = self.launch.args.iter().map(|arg| quoted(arg)).collect();
            let env: Vec<String> =
                self.launch.env.iter().map(|(name, value)| format!("{name} = {}", quoted(value))).collect();
            let program = quoted(&self.launch.program.to_string_lossy());
            let _ = writeln!(text, "command = {program}\nargs = [{}]\nenv = {{ {} }}", args.join(", "), env.join(", "));
        } else {
            text.push_str("url = \"{{mcp}}\"\n");
            text.push_str(if case.issuer.is_some() {
                "issuer = \"{{issuer}}\"\nclient_id = \"agent\"\nclient_secret_file = \"secret\"\n"
            } else {
                "authorization = \"none\"\n"
            });
        }
        let scopes = if case.issuer.is_some() { "[\"crm:read\"]" } else { "[]" };
        let effect = case.effect.as_deref().unwrap_or(if case.tool == "odd.note" { "write" } else { "read" });
        let (keys, tool) = (&case.keys, toml::Value::from(case.tool.as_str()));
        let has_rules = ["arguments.", "other_arguments"].iter().any(|key| keys.tool.contains(key));
        let others = if has_rules { "" } else { "other_arguments = \"allow\"\n" };
        let _ = write!(
            text,
            "{}\n\n[tools.{tool}]\neffect = \"{effect}\"\nscopes = {scopes}\n{others}{}\n\n{}\n",
            keys.server, keys.tool, keys.end
        );
        text::fill(&text, &|name| self.state.known(name))
    }
}

impl Drop for Odd {
    fn drop(&mut self) {
        if let Some(accepting) = &self.accepting {
            accepting.abort();
        }
    }
}

/// Owns the connections, so that the end of this ends them too.
async fn accept(listener: TcpListener, state: Arc<State>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => drop(connections.spawn(converse(stream, state.clone()))),
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    sleep(Duration::from_millis(20)).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn converse(mut stream: TcpStream, state: Arc<State>) {
    let mut buffer = Vec::new();
    while let Ok(Some(request)) = wire::read(&mut stream, &mut buffer).await {
        let reply = state.http(&request).unwrap_or_else(|error| {
            tracing::warn!(%error, "a case cannot be served");
            Reply::new(500, "text/plain", error.to_string())
        });
        if !matches!(wire::write(&mut stream, &reply).await, Ok(true)) {
            return;
        }
    }
}

/// Serves a case over standard input and output, until the input ends.
///
/// # Errors
/// The case cannot be served, or the client is gone.
pub async fn speak(case: &Case) -> Result<(), Error> {
    let state = State::new(case, "")?;
    sleep(Duration::from_millis(case.server.start_ms)).await;
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    let mut output = tokio::io::stdout();
    while let Some(line) = lines.next_line().await? {
        let message: Value = serde_json::from_str(&line).unwrap_or_default();
        let reply = state.line(&message)?;
        for piece in &reply.pieces {
            say(&mut output, piece).await?;
        }
        match reply.end {
            End::Proper => {}
            End::Open => std::future::pending().await,
            End::Cut => return Ok(()),
        }
    }
    Ok(())
}

async fn say(output: &mut (impl AsyncWrite + Unpin), piece: &Chunk) -> Result<(), Error> {
    let mut bytes = piece.bytes.clone();
    if bytes.is_empty() {
        return Ok(());
    }
    // a text that ends with this has no end of its own
    match bytes.strip_suffix(b"\\c") {
        Some(bare) => bytes.truncate(bare.len()),
        None => bytes.push(b'\n'),
    }
    wire::repeat(output, &bytes, piece).await?;
    output.flush().await?;
    Ok(())
}

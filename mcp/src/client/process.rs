//! A server as a child process: nothing of our environment, a folder of its own, and nothing left of it in the end.

use std::{
    io,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    sync::Arc,
    time::Duration,
};

use abide_base::{call::ServerId, clock::Clock, secret::Redactor};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader},
    process::{Child, ChildStderr, Command},
    sync::{oneshot, watch},
};

use super::{
    era::Era,
    error::Fault,
    freshness::Freshness,
    limit::{Meter, PATIENCE},
    oddity::Oddities,
    pipes::{Context, Cut, Pipes},
};
use crate::servers::{CommandConfig, Protocol};

/// How a server's program is started.
pub(super) struct Program {
    config: CommandConfig,
    redactor: Redactor,
    oddities: Oddities,
    clock: Arc<dyn Clock>,
    freshness: Arc<Freshness>,
    era: Era,
}

/// A running program. Dropping it ends the program, and everything that the program started.
pub(super) struct Process {
    cut: Cut,
    ended: watch::Receiver<Option<ExitStatus>>,
    _stop: oneshot::Sender<()>,
}

/// What must go together. Dropped anywhere, even with the runtime, it ends the whole process group.
struct Group {
    child: Child,
    #[cfg(unix)]
    leader: Option<rustix::process::Pid>,
    _folder: Option<TempDir>,
}

/// The time that a program has to end by itself, once its input is closed, and that its last words have to arrive.
const GRACE: Duration = Duration::from_secs(2);
/// What is logged of one line of a program's diagnostics, and of all of them, in bytes.
const MAX_LOG_LINE: u64 = 4 * 1024;
const MAX_LOG: usize = 256 * 1024;

impl Program {
    pub(super) fn new(config: CommandConfig, redactor: Redactor, clock: Arc<dyn Clock>) -> Self {
        config.env.values().for_each(|value| redactor.keep(value));
        let oddities = Oddities::new(config.id.clone(), redactor.clone());
        Self { config, redactor, oddities, clock, freshness: Arc::default(), era: Era::default() }
    }

    /// To be lost when the program says that its list of tools has changed.
    pub(super) fn freshness(&self) -> &Arc<Freshness> {
        &self.freshness
    }

    /// Which eras are tried.
    pub(super) fn protocol(&self) -> Protocol {
        self.era.to_try(self.config.protocol)
    }

    pub(super) fn era(&self) -> &Era {
        &self.era
    }

    pub(super) fn oddities(&self) -> &Oddities {
        &self.oddities
    }

    /// How long it may take to say who it is.
    pub(super) fn start_timeout(&self) -> Duration {
        self.config.start_timeout
    }

    /// Starts it. Connects nothing but the three standard streams.
    pub(super) fn start(&self) -> Result<(Process, Pipes), Fault> {
        let name = self.config.program.display();
        let failed = |error: io::Error| Fault::Start(format!("the program `{name}` cannot be started: {error}"));
        let own = self.config.folder.is_none().then(TempDir::new).transpose().map_err(failed)?;
        let folder = own.as_ref().map(TempDir::path).or(self.config.folder.as_deref());
        let mut child = self.command(folder).spawn().map_err(failed)?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let group = Group::new(child, own);
        let (Some(stdin), Some(stdout), Some(stderr)) = pipes else {
            return Err(Fault::Start(format!("the program `{name}` has no pipes")));
        };
        let (stop, stopped) = oneshot::channel();
        let (end, ended) = watch::channel(None);
        let cut = Cut::default();
        let unwanted = cut.clone();
        let mut log = tokio::spawn(drain(stderr, self.config.id.clone(), self.redactor.clone()));
        tokio::spawn(async move {
            let status = group.live(stopped, unwanted).await;
            // its last words first; a process that left the group may hold the pipe for ever
            if tokio::time::timeout(GRACE, &mut log).await.is_err() {
                log.abort();
            }
            end.send_replace(status);
        });
        let pipes = Pipes::new(stdout, stdin, self.context(), cut.clone());
        Ok((Process { cut, ended, _stop: stop }, pipes))
    }

    fn context(&self) -> Context {
        Context {
            meter: Meter::new(self.config.id.clone(), self.clock.clone(), 0, PATIENCE),
            policy: self.config.input.clone(),
            freshness: self.freshness.clone(),
            oddities: self.oddities.clone(),
        }
    }

    fn command(&self, folder: Option<&Path>) -> Command {
        let config = &self.config;
        let mut command = Command::new(find(&config.program));
        command.args(&config.args).env_clear();
        command.envs(&config.settings).envs(config.env.iter().map(|(name, value)| (name, value.expose())));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        #[cfg(unix)]
        command.process_group(0);
        if let Some(folder) = folder {
            command.current_dir(folder);
        }
        command
    }
}

impl Process {
    /// Why it is not listened to any more, where that is its own doing.
    pub(super) fn cut(&self) -> Option<Fault> {
        self.cut.fault()
    }

    /// Why the connection to it could not be set up, when the program itself has ended.
    pub(super) async fn explain(mut self, fault: Fault) -> Fault {
        if !matches!(fault, Fault::Closed) {
            return fault;
        }
        if let Some(cut) = self.cut() {
            return cut;
        }
        let ended = tokio::time::timeout(2 * GRACE, self.ended.wait_for(Option::is_some)).await;
        let status = ended.ok().and_then(Result::ok).and_then(|status| *status);
        Fault::Ended(status.map_or_else(|| "it closed its output".to_owned(), |status| format!("it ended, {status}")))
    }
}

impl Group {
    fn new(child: Child, folder: Option<TempDir>) -> Self {
        #[cfg(unix)]
        let leader = child.id().and_then(|id| rustix::process::Pid::from_raw(i32::try_from(id).ok()?));
        Self {
            child,
            #[cfg(unix)]
            leader,
            _folder: folder,
        }
    }

    /// Until the program ends, or for a while longer than it is wanted.
    async fn live(mut self, stopped: oneshot::Receiver<()>, cut: Cut) -> Option<ExitStatus> {
        let ended = tokio::select! {
            status = self.child.wait() => Some(status),
            _ = stopped => tokio::time::timeout(GRACE, self.child.wait()).await.ok(),
            // one that sends without end does not end by itself
            () = cut.made() => None,
        };
        let status = match ended {
            Some(status) => status,
            None => {
                self.kill();
                self.child.wait().await
            }
        };
        status.ok()
    }

    fn kill(&mut self) {
        #[cfg(unix)]
        if let Some(leader) = self.leader {
            // it fails when no process is left, which is what is wanted
            let _ = rustix::process::kill_process_group(leader, rustix::process::Signal::KILL);
        }
        let _ = self.child.start_kill();
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A name without a folder is looked up where the operator's own programs are; the program itself does not get that list. A path
/// starts where we are, and not in the program's folder.
fn find(program: &Path) -> PathBuf {
    let plain = program.components().count() == 1 && !program.is_absolute();
    let folders = std::env::var_os("PATH").filter(|_| plain).unwrap_or_default();
    let found = std::env::split_paths(&folders).map(|folder| folder.join(program)).find(|path| path.is_file());
    let path = found.unwrap_or_else(|| program.to_owned());
    if plain { path } else { std::path::absolute(&path).unwrap_or(path) }
}

/// What a program complains about is for the log only. It is always read, so that the program never waits for us.
async fn drain(stderr: ChildStderr, server: ServerId, redactor: Redactor) {
    let mut stderr = BufReader::new(stderr);
    let (mut line, mut logged) = (Vec::new(), 0);
    loop {
        line.clear();
        match (&mut stderr).take(MAX_LOG_LINE).read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => return,
            Ok(_) if logged > MAX_LOG => {}
            Ok(length) => {
                logged += length;
                let text = String::from_utf8_lossy(&line);
                tracing::debug!(%server, "its program says {:?}", redactor.scrub(text.trim_end()));
            }
        }
    }
}

#[cfg(all(test, unix))]
mod tests;

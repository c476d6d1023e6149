//! One case: its server, its boundary in a folder, and one call.

use std::{ffi::OsString, fs, path::PathBuf, time::Instant};

use abide_testbed::odd::{Case, Launch, Odd};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::Handle;

use super::{PROGRAM, expect};

/// A case that is being served.
pub(super) struct Trial<'a> {
    pub(super) case: &'a Case,
    odd: Odd,
    folder: TempDir,
}

/// What came of a command.
#[derive(Debug)]
pub(super) struct Came {
    pub(super) code: i32,
    pub(super) out: String,
    pub(super) err: String,
    pub(super) seconds: f64,
}

impl<'a> Trial<'a> {
    pub(super) fn start(case: &'a Case, servers: &Handle) -> Self {
        let args = ["wild::the_program", "--exact", "--nocapture"].map(str::to_owned).to_vec();
        let mut launch = Launch { program: std::env::current_exe().unwrap(), args, ..Launch::default() };
        launch.env.insert(PROGRAM.to_owned(), case.name.clone());
        let odd = servers.block_on(Odd::start(case, &launch)).unwrap();
        let folder = TempDir::new().unwrap();
        for (name, text) in odd.files() {
            fs::write(folder.path().join(name), text).unwrap();
        }
        Self { case, odd, folder }
    }

    pub(super) fn boundary(&self) -> PathBuf {
        self.folder.path().join("boundary.toml")
    }

    /// The command, its name first.
    pub(super) fn command(&self) -> Vec<OsString> {
        let boundary = self.boundary().into_os_string();
        if self.case.expect.get("findings").is_some() {
            let flags = ["abide", "boundary", "check", "--connect", "--json"];
            return flags.into_iter().map(OsString::from).chain([boundary]).collect();
        }
        let mut command: Vec<OsString> =
            ["abide", "tools", "call", "--json", "--boundary"].map(OsString::from).to_vec();
        command.extend([boundary, self.case.tool.clone().into()]);
        command.push(self.case.arguments().unwrap().to_string().into());
        if let Some(input) = &self.case.input {
            command.extend(["--input".into(), input.clone().into()]);
        }
        if self.case.live {
            command.push("--live".into());
        }
        command
    }

    /// Runs the command in this process; what is not as the case says.
    pub(super) fn run(self) -> Option<String> {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let begun = Instant::now();
        let code = abide_cli::run(self.command(), &mut out, &mut err);
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let came = Came { code: code.into(), out: text(out), err: text(err), seconds: begun.elapsed().as_secs_f64() };
        self.judge(&came)
    }

    pub(super) fn judge(&self, came: &Came) -> Option<String> {
        let seen: Value = serde_json::to_value(self.odd.seen()).unwrap();
        expect::problem(&self.case.expect, came, &seen)
    }
}

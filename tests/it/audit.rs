//! Audit files, by the real binary and by writers that are killed.

use std::{
    env, fs,
    io::{BufRead, BufReader, Write as _},
    num::NonZeroU64,
    path::Path,
    process::{Command, Stdio},
    sync::Arc,
};

use abide::{
    async_trait,
    call::ToolCall,
    clock::ManualClock,
    guard::audit::{AuditOptions, Known, files_of, verify},
    id::ModelId,
    lm::{LmError, LmReply, LmRequest},
    prelude::*,
    runtime::{CallError, Cx},
};
use serde_json::{Value, json};

use crate::cli::said;

const RULES: &str = r#"
[tools.look_up]
scopes = []
effect = "read"
max_calls = 3
arguments.id = { pattern = "CUST[0-9]" }

[tools.refund]
scopes = []
effect = "write"
other_arguments = "allow"
"#;

/// Wants these calls.
struct Wants(Toolbox, Vec<(&'static str, Value)>);

struct Nobody(ModelId);

impl Module for Wants {
    type Input = ();
    type Output = ();

    async fn forward(&self, cx: &Cx, (): ()) -> Result<(), CallError> {
        let cx = cx.asked_by("Support");
        for (tool, arguments) in &self.1 {
            let Value::Object(arguments) = arguments.clone() else { panic!("an object") };
            self.0.call(&cx, ToolCall { tool: (*tool).try_into().unwrap(), arguments }).await;
        }
        Ok(())
    }
}

#[async_trait]
impl Lm for Nobody {
    fn model(&self) -> &ModelId {
        &self.0
    }

    async fn complete(&self, _: &LmRequest) -> Result<LmReply, LmError> {
        panic!("nobody asks a model here")
    }
}

fn wants(calls: impl IntoIterator<Item = (&'static str, Value)>) -> Wants {
    let answer = |_: serde_json::Map<String, Value>| async { Ok::<_, String>(json!({ "name": "Ann" })) };
    let tools = ["look_up", "refund"].map(|name| Function::new(name, "Does it.", answer).unwrap());
    Wants(tools.into_iter().fold(Toolbox::new(), Toolbox::with), calls.into_iter().collect())
}

fn runtime(audit: Audit) -> Runtime {
    let clock = ManualClock::at(std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_800_000_000));
    let builder = Runtime::builder().lm(Arc::new(Nobody(ModelId("nobody".into()))));
    let boundary = Boundary::parse(RULES, "", &|_| None).unwrap().with_clock(Arc::new(clock));
    builder.boundary(boundary).audit(audit).build()
}

/// A log with a run that behaves and one that does not; their ids.
async fn log(path: &Path, options: AuditOptions) -> [String; 2] {
    let runtime = runtime(Audit::with_options(path, options).unwrap());
    let good = wants([("look_up", json!({ "id": "CUST1" })), ("refund", json!({ "amount": 5 }))]);
    let mut greedy: Vec<_> = (0..5).map(|n| ("look_up", json!({ "id": format!("CUST{n}") }))).collect();
    greedy.push(("look_up", json!({ "id": "secret-value", "\u{1b}[2J\u{202e}": 1 })));
    greedy.push(("drop_table", json!({})));
    let good = runtime.run(&good, ()).await.episode.run;
    let greedy = runtime.run(&wants(greedy), ()).await.episode.run;
    [good.to_string(), greedy.to_string()]
}

#[tokio::test]
async fn verify_says_where_a_log_was_changed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    log(&path, AuditOptions::new()).await;
    let verify = |args: &[&str]| said(folder.path(), &[&["audit", "verify"], args].concat());
    let good = fs::read_to_string(&path).unwrap();
    let rows = good.lines().count();
    let (code, out, errors) = verify(&["audit.jsonl"]);
    assert_eq!((code, errors.as_str()), (0, ""), "{out}");
    assert!(out.starts_with(&format!("ok: {rows} rows in 1 file, log ")), "{out}");
    let head = out.lines().find_map(|line| line.strip_prefix("head ")).unwrap().to_owned();
    assert!(good.ends_with(&format!("\"hash\":\"{head}\"}}\n")));

    let changed = |change: &dyn Fn(Vec<&str>) -> String| {
        fs::write(&path, change(good.lines().collect())).unwrap();
        let (code, out, errors) = verify(&["audit.jsonl"]);
        assert_eq!((code, errors.as_str()), (1, ""), "{out}");
        out
    };
    let joined = |lines: Vec<&str>| lines.join("\n") + "\n";
    let out = changed(&|lines| joined(lines).replacen("\"refund\"", "\"look_up\"", 1));
    assert_eq!(out, "bad: `audit.jsonl`, line 4: it was changed: its content does not have its hash\n");
    let out = changed(&|mut lines| {
        lines.drain(2..4);
        joined(lines)
    });
    assert_eq!(out, "bad: `audit.jsonl`, line 3 (row 4): rows 2 to 3 are missing before it\n");
    let out = changed(&|lines| lines.join("\n"));
    let cut = "the file ends in the middle of the line: it was cut, or its writer was killed or is writing now";
    assert_eq!(out, format!("bad: `audit.jsonl`, line {rows}: {cut}\n"));
    let out = changed(&|_| "no row\u{1b}[2J\n".to_owned());
    assert_eq!(out, "bad: `audit.jsonl`, line 1: it is not a row of an audit\n");

    // a missing end is seen by who kept the head
    fs::write(&path, joined(good.lines().take(rows - 2).collect())).unwrap();
    assert_eq!(verify(&["audit.jsonl"]).0, 0);
    let (code, out, _) = verify(&["audit.jsonl", "--head", &head]);
    assert_eq!(code, 1);
    assert!(out.contains(&format!("no row up to this last one has the hash {head}: rows are missing")), "{out}");
    fs::write(&path, &good).unwrap();
    let (code, out, _) = verify(&["audit.jsonl", "--head", &head]);
    assert!(code == 0 && out.ends_with("the last row is the known one\n"), "{out}");
}

#[tokio::test]
async fn verify_follows_a_log_through_its_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    log(&path, AuditOptions::new().rotate(NonZeroU64::new(1_500).unwrap())).await;
    let verify = |args: &[&str]| said(folder.path(), &[&["audit", "verify"], args].concat());
    let (code, out, _) = verify(&["audit.jsonl"]);
    assert!(code == 0 && !out.contains("in 1 file,"), "{out}");
    let (code, out, _) = verify(&["audit.jsonl.000001", "audit.jsonl.000002"]);
    assert!(code == 0 && out.contains("rows in 2 files"), "{out}");
    let head = out.lines().find_map(|line| line.strip_prefix("head ")).unwrap().to_owned();
    let (code, out, _) = verify(&["audit.jsonl.000002", "audit.jsonl.000001"]);
    assert!(code == 1 && out.contains("`audit.jsonl.000002`, line 1 ") && out.contains("does not begin here"), "{out}");
    let (code, out, _) = verify(&["audit.jsonl.000003", "--after", &head]);
    assert_eq!(code, 0, "{out}");
    fs::remove_file(folder.path().join("audit.jsonl.000002")).unwrap();
    let (code, out, _) = verify(&["audit.jsonl"]);
    assert!(code == 1 && out.contains("`audit.jsonl.000003`, line 1 ") && out.contains("missing before it"), "{out}");
}

#[tokio::test]
async fn query_shows_decisions_with_what_came_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    let [good, greedy] = log(&path, AuditOptions::new()).await;
    let query = |args: &[&str]| {
        let (code, out, errors) = said(folder.path(), &[&["audit", "query", "audit.jsonl"], args].concat());
        assert_eq!((code, errors.as_str()), (0, ""), "{out}");
        assert!(out.chars().all(|c| c == '\n' || (!c.is_control() && c != '\u{202e}')), "{out:?}");
        assert!(!out.contains("secret-value"));
        out
    };
    let named = |out: String| out.replace(&good, "GOOD").replace(&greedy, "GREEDY");
    insta::assert_snapshot!(named(query(&[])));
    insta::assert_snapshot!("query_count_by_code", named(query(&["--count-by", "code"])));
    let counted = named(query(&["--count-by", "run", "--json"]));
    assert_eq!(
        counted,
        "{\"denied\":4,\"permitted\":3,\"rows\":7,\"run\":\"GREEDY\",\"unavailable\":0}\n\
         {\"denied\":0,\"permitted\":2,\"rows\":2,\"run\":\"GOOD\",\"unavailable\":0}\n"
    );

    let rows = |args: &[&str]| -> Vec<Value> {
        query(&[args, &["--json"]].concat()).lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    assert_eq!(rows(&["--run", &good]).len(), 4, "two decisions and their outcomes");
    assert_eq!(rows(&["--tool", "refund"])[1]["kind"], "outcome");
    let denied = rows(&["--verdict", "deny"]);
    assert!(denied.len() == 4 && denied.iter().all(|row| row["verdict"] == "deny"), "{denied:?}");
    assert_eq!(denied[2]["arguments"][0], "[other]", "a name that a model made up");
    assert_eq!(rows(&["--code", "call_limit"]).len(), 2);
    assert_eq!(rows(&["--since", "2027-01-15T08:00:00Z"]).len(), 14);
    assert_eq!(rows(&["--since", "2027-01-15T09:00:00+01:00"]).len(), 14);
    assert_eq!(rows(&["--since", "2027-01-15T08:00:00.001Z"]).len(), 0);
    assert_eq!(rows(&["--candidate", "c1"]).len(), 0);
}

#[test]
fn what_is_wrong_with_the_question_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let audit = |args: &[&str]| said(folder.path(), &[&["audit"], args].concat());
    fs::write(folder.path().join("empty.jsonl"), "").unwrap();
    fs::write(folder.path().join("note.jsonl"), "a note\n").unwrap();
    for (args, expected) in [
        (&["verify", "none.jsonl"][..], "error: the audit file `none.jsonl` cannot be read: No such file"),
        (&["verify", "empty.jsonl"], "error: there is no row in `empty.jsonl`"),
        (
            &["verify", "empty.jsonl", "--head", "abc"],
            "`abc` is not the hash of a row: expected 64 lower-case hex digits",
        ),
        (&["verify"], "error: the following required arguments were not provided"),
        (&["query", "none.jsonl"], "error: the audit file `none.jsonl` cannot be read: No such file"),
        (&["query", "note.jsonl"], "error: `note.jsonl`, line 1: it is not a row of an audit"),
        (&["query", "empty.jsonl", "--since", "yesterday"], "error: invalid value 'yesterday' for '--since <TIME>'"),
        (&["query", "empty.jsonl", "--verdict", "maybe"], "[possible values: permit, deny, unavailable]"),
    ] {
        let (code, out, errors) = audit(args);
        let is_usage = errors.contains("\n\nFor more information, try '--help'");
        assert_eq!((code, out.as_str()), (if is_usage { 64 } else { 2 }, ""), "{args:?}: {errors}");
        assert!(errors.contains(expected), "{args:?}: {errors}");
    }
}

#[test]
fn a_writer_that_is_killed_leaves_a_log_that_goes_on() {
    const CHILD: &str = "ABIDE_TEST_AUDIT";
    let program = || wants((0..3).map(|n| ("look_up", json!({ "id": format!("CUST{n}") }))));
    let tokio = tokio::runtime::Builder::new_current_thread().build().unwrap();
    if let Some(path) = env::var_os(CHILD) {
        let runtime = runtime(Audit::file(path).unwrap());
        loop {
            tokio.block_on(runtime.run(&program(), ()));
            writeln!(std::io::stdout(), "a run is written").unwrap();
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    let mut rows = 0;
    for _ in 0..3 {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "audit::a_writer_that_is_killed_leaves_a_log_that_goes_on", "--nocapture"])
            .env(CHILD, &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let runs = lines.filter(|line| line.ends_with("a run is written")).take(50).count();
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(runs, 50);
        // whatever it was in the middle of
        let half = fs::read(&path).unwrap().len() as u64 - 7;
        fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(half).unwrap();
        let audit = Audit::file(&path).unwrap();
        let found = verify(files_of(&path).unwrap(), Known::default()).unwrap();
        assert!(found.rows >= rows + 50 * 6, "{found:?}");
        rows = found.rows;
        drop(audit);
    }
    assert_eq!(verify(files_of(&path).unwrap(), Known::default()).unwrap().torn, 3);
}

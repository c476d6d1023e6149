//! The real binary.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::{
    collections::BTreeMap,
    fs,
    io::{self, Write},
    path::Path,
    process::{Command, Output, Stdio},
};

use abide::{
    Digest, ProgramState, SlotPath, SlotState,
    artifact::{Artifact, Contents, Evidence, Program, Provenance, Requires},
    id::ModelId,
    scope::ScopeSet,
};
use serde_json::{Value, json};

fn contents() -> Contents {
    let slot = SlotPath::try_from("agent".to_owned()).unwrap();
    let state = SlotState { instruction: Some("Answer briefly.\nAsk before you act.".into()), ..SlotState::default() };
    Contents {
        program: Program {
            name: "customer_service".parse().unwrap(),
            slots: BTreeMap::from([(slot.clone(), Digest::of_bytes(b"shape"))]),
        },
        state: ProgramState(BTreeMap::from([(slot, state)])),
        requires: Requires { scopes: ScopeSet::parse("customer:read").unwrap(), tools: BTreeMap::new() },
        boundary_digest: Digest::of_bytes(b"boundary"),
        provenance: Provenance {
            optimizer: "bootstrap".into(),
            config: serde_json::json!({}),
            seed: 7,
            data_digest: Digest::of_bytes(b"data"),
            models: BTreeMap::from([("student".into(), ModelId("stand-in".into()))]),
            parent: None,
            abide_version: "0.1.0".into(),
        },
        evidence: Evidence { simulated: true, splits: BTreeMap::new() },
    }
}

/// A folder with `a.json` and, with one line more and one scope more, `b.json`.
fn folder() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let mut contents = contents();
    Artifact::seal(contents.clone()).unwrap().save(dir.path().join("a.json")).unwrap();
    for state in contents.state.0.values_mut() {
        state.instruction = Some("Answer briefly.\nAsk before you act.\nPay refunds.".into());
    }
    contents.requires.scopes = ScopeSet::parse("customer:read refund:create").unwrap();
    Artifact::seal(contents).unwrap().save(dir.path().join("b.json")).unwrap();
    dir
}

fn abide(dir: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_abide")).current_dir(dir).args(args).output().unwrap()
}

/// Exit code, output, errors.
pub(crate) fn said(dir: &Path, args: &[&str]) -> (i32, String, String) {
    let output = abide(dir, args);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[test]
fn help_names_every_command() {
    let (code, help, errors) = said(Path::new("."), &["--help"]);
    assert_eq!((code, errors.as_str()), (0, ""));
    insta::assert_snapshot!(help);
    let (code, version, _) = said(Path::new("."), &["--version"]);
    assert_eq!((code, version), (0, format!("abide {}\n", env!("CARGO_PKG_VERSION"))));
    let (code, _, errors) = said(Path::new("."), &["inspekt"]);
    assert_eq!(code, 64);
    assert!(errors.starts_with("error: ") && errors.contains("'inspect'"), "{errors}");
}

#[test]
fn inspect_shows_the_program() {
    let (code, text, errors) = said(folder().path(), &["inspect", "a.json"]);
    assert_eq!((code, errors.as_str()), (0, ""));
    insta::assert_snapshot!(text);
}

#[test]
fn verify_accepts_what_was_sealed_and_nothing_else() {
    let dir = folder();
    let (code, text, errors) = said(dir.path(), &["verify", "a.json"]);
    let digest = Artifact::seal(contents()).unwrap().digest().clone();
    assert_eq!((code, errors.as_str()), (0, ""));
    assert_eq!(text, format!("ok: program customer_service, {digest}\n"));

    let file = dir.path().join("a.json");
    let changed = fs::read_to_string(&file).unwrap().replace("briefly", "brieflx");
    fs::write(&file, changed).unwrap();
    for command in ["verify", "inspect"] {
        let (code, text, errors) = said(dir.path(), &[command, "a.json"]);
        assert_eq!((code, text.as_str()), (1, ""));
        assert!(
            errors.starts_with(&format!("error: `a.json`: its digest is `{digest}`, but its content has")),
            "{errors}"
        );
    }
    let (code, _, errors) = said(dir.path(), &["verify", "none.json"]);
    assert_eq!(code, 1);
    assert!(errors.starts_with("error: cannot read `none.json`: "), "{errors}");
}

#[test]
fn diff_tells_by_its_exit_code() {
    let dir = folder();
    assert_eq!(said(dir.path(), &["diff", "a.json", "a.json"]), (0, String::new(), String::new()));
    let (code, text, errors) = said(dir.path(), &["diff", "a.json", "b.json"]);
    assert_eq!((code, errors.as_str()), (1, ""));
    insta::assert_snapshot!(text);
    let (code, text, errors) = said(dir.path(), &["diff", "a.json", "none.json"]);
    assert_eq!((code, text.as_str()), (2, ""));
    assert!(errors.starts_with("error: cannot read `none.json`: "), "{errors}");
}

#[test]
fn replay_decides_recorded_calls_offline() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write(
        "bank.toml",
        "[tools.\"bank.send\"]\nscopes = [\"payments.send\"]\neffect = \"write\"\narguments.to = { from = [\"input\"] }\n",
    );
    let line = |id: &str, to: &str, expect: &str| {
        format!(r#"{{"id":"{id}","input":{{"request":"pay AB12"}},"session":{{"scopes":["payments.send"]}},"#)
            + &format!(r#""calls":[{{"tool":"bank.send","arguments":{{"to":"{to}"}},"expect":"{expect}"}}]}}"#)
    };
    write("good.jsonl", &format!("{}\n\n{}\n", line("a", "AB12", "permit"), line("b", "EV11", "deny")));
    let replay = |file: &str, form: &[&str]| {
        said(folder.path(), &[&["guard", "replay", "--boundary", "bank.toml", file], form].concat())
    };
    let (code, out, errors) = replay("good.jsonl", &["--json"]);
    let from = r#""decision":"deny","rule":"tools.\"bank.send\".arguments.to.from","event":"provenance_denied","expect":"deny""#;
    let entry = r#""decision":"permit","rule":"tools.\"bank.send\"","expect":"permit""#;
    let expected = format!("{{\"id\":\"a\",\"call\":0,{entry}}}\n{{\"id\":\"b\",\"call\":0,{from}}}\n");
    assert_eq!((code, out, errors.as_str()), (0, expected, ""));
    let (code, out, _) = replay("good.jsonl", &[]);
    assert_eq!(code, 0);
    assert!(out.starts_with("2 episodes, 2 calls: 1 permitted, 1 denied\n"), "{out}");

    write("bad.jsonl", &line("c", "EV11", "permit"));
    let (code, out, _) = replay("bad.jsonl", &[]);
    assert_eq!(code, 1);
    assert!(out.contains("not as expected: \"c\", calls[0]: denied by tools.\"bank.send\".arguments.to.from"), "{out}");
    for (text, expected) in [
        ("{\"id\":1,\"calls\":[]}", "line 2, column 7: invalid type: integer `1`, expected a string"),
        ("[]", "line 2, column"),
        ("{\"id\":\"x\",\"calls\":[],\"expct\":\"deny\"}", "unknown field `expct`"),
        (
            "{\"id\":\"x\",\"session\":{\"scopes\":[\"a b\"]},\"calls\":[]}",
            "line 2: `a b` in `session.scopes` is not a scope",
        ),
        ("{\"id\":\"x\",", "line 2, column 10"),
    ] {
        write("broken.jsonl", &format!("{}\n{text}\n", line("a", "AB12", "permit")));
        let (code, _, errors) = replay("broken.jsonl", &["--json"]);
        assert_eq!(code, 2, "{text}");
        assert!(errors.starts_with("error: the episodes in `broken.jsonl` cannot be read: "), "{errors}");
        assert!(errors.contains(expected), "{errors}");
    }
}

#[test]
fn infer_proposes_what_admits_its_episodes() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    let line = |id: &str, to: &str| {
        format!(r#"{{"id":"{id}","input":{{"request":"pay {to}"}},"session":{{"scopes":["pay","see"]}},"calls":["#)
            + r#"{"tool":"bank.balance","result":{"left":90}},"#
            + &format!(r#"{{"tool":"bank.send","arguments":{{"to":"{to}","amount":12.5}}}}]}}"#)
    };
    let seen = r#"{"id":"s","session":{"scopes":["see"]},"calls":[{"tool":"bank.balance"}]}"#;
    write("good.jsonl", &format!("{}\n\n{}\n{seen}\n", line("a", "AB12"), line("b", "CD34")));
    let infer = |words: &[&str]| said(folder.path(), &[&["boundary", "infer", "good.jsonl"], words].concat());
    let (code, text, errors) = infer(&["--read", "bank.balance"]);
    assert_eq!((code, errors.as_str()), (0, ""));
    insta::assert_snapshot!(text);

    let out = ["--read", "bank.balance", "--out", "bank.toml"];
    assert_eq!(infer(&out), (0, String::new(), String::new()));
    assert_eq!(fs::read_to_string(folder.path().join("bank.toml")).unwrap(), text);
    let (_, decided, _) = said(folder.path(), &["guard", "replay", "--boundary", "bank.toml", "good.jsonl"]);
    assert!(decided.starts_with("3 episodes, 5 calls: 5 permitted, 0 denied\n"), "{decided}");
    // what somebody has read and corrected is not written over
    write("bank.toml", "corrected");
    let (code, _, errors) = infer(&out);
    assert_eq!(code, 2);
    assert!(
        errors.starts_with("error: `bank.toml` cannot be written: ") && errors.ends_with("; name a new file\n"),
        "{errors}"
    );
    assert_eq!(fs::read_to_string(folder.path().join("bank.toml")).unwrap(), "corrected");

    for (words, expected) in [
        (["--read", "bank.blance"], "no episode calls `bank.blance`: correct the name, or leave it out"),
        (["--read", "bank balance"], "`bank balance` is not a tool: "),
    ] {
        let (code, _, errors) = infer(&words);
        assert_eq!(code, 2, "{words:?}");
        assert!(errors.starts_with(&format!("error: {expected}")), "{errors}");
    }
    for (text, expected) in [
        ("", "there are no episodes"),
        (r#"{"id":1,"calls":[]}"#, "`good.jsonl` cannot be read: line 1, column 7: invalid type: integer `1`"),
        (r#"{"id":"x","calls":[{"tool":"no tool"}]}"#, "the episode `x` is not good, it calls what can be no tool: "),
        (r#"{"id":"x","calls":[{"tool":"t.a"}],"expect":"deny"}"#, "the episode `x` expects a denial: "),
        (r#"{"id":"x","session":{"scopes":["a b"]},"calls":[]}"#, "`a b` in `session.scopes` is not a scope"),
    ] {
        write("good.jsonl", text);
        let (code, out, errors) = infer(&[]);
        assert_eq!((code, out.as_str()), (2, ""), "{text}");
        assert!(errors.starts_with("error: ") && errors.contains(expected), "{errors}");
    }
}

#[test]
fn a_closed_pipe_is_no_error() {
    let dir = folder();
    let (reader, writer) = io::pipe().unwrap();
    drop(reader);
    let output = Command::new(env!("CARGO_BIN_EXE_abide"))
        .current_dir(dir.path())
        .args(["inspect", "a.json"])
        .stdout(writer)
        .output()
        .unwrap();
    assert!(output.status.success() && output.stderr.is_empty());
}

#[cfg(not(feature = "testbed"))]
#[test]
fn without_a_testbed_it_says_how_to_get_one() {
    let (code, _, errors) = said(Path::new("."), &["testbed"]);
    assert_eq!(code, 1);
    assert!(errors.ends_with("run `cargo run --features testbed -- testbed`\n"), "{errors}");
}

#[cfg(all(unix, feature = "testbed"))]
#[test]
fn the_testbed_serves_until_it_is_interrupted() {
    use std::{
        io::{BufRead, BufReader},
        net::TcpStream,
        process::Stdio,
    };
    let mut child = Command::new(env!("CARGO_BIN_EXE_abide")).arg("testbed").stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let said: Vec<String> = lines.by_ref().take_while(|line| line != "END").collect();
    let after = |start: &str| {
        let line = said.iter().find_map(|line| line.strip_prefix(start));
        line.unwrap_or_else(|| unreachable!("no `{start}`")).trim_matches('"').to_owned()
    };
    let file: Vec<&str> =
        said.iter().map(String::as_str).skip_while(|line| !line.starts_with("cat > ")).skip(1).collect();
    let secret = after("export CRM_CLIENT_SECRET=");
    let boundary =
        abide::Boundary::parse(&file.join("\n"), "", &|name| (name == "CRM_CLIENT_SECRET").then(|| secret.clone()));
    for url in [after("export ABIDE_BASE_URL="), after("url = "), after("issuer = ")] {
        let url = url::Url::parse(&url).unwrap();
        let address = (url.host_str().unwrap().to_owned(), url.port().unwrap());
        TcpStream::connect(address).unwrap();
    }
    let interrupt = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(interrupt.success());
    assert!(child.wait().unwrap().success());

    let example = fs::read_to_string(format!("{}/boundary.toml", crate::support::DATA)).unwrap();
    let example = abide::Boundary::parse(&example, "", &|_| Some(secret.clone()));
    assert_eq!(boundary.unwrap().policy().digest(), example.unwrap().policy().digest());
}

/// What `abide parse` says of replies on its standard input.
fn parsed(args: &[&str], replies: &[Value]) -> (i32, Vec<Value>, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_abide"))
        .arg("parse")
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines: String = replies.iter().map(|reply| format!("{reply}\n")).collect();
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let said = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    (output.status.code().unwrap(), said, String::from_utf8(output.stderr).unwrap())
}

#[test]
fn parse_says_what_replies_give() {
    let whole = json!({"choices": [{"message": {"content": "[[ ## answer ## ]]\n4"}, "finish_reason": "length"}]});
    let block = json!({"content": [{"type": "text", "text": "{\"answer\": 5}"}], "stop_reason": "end_turn"});
    let replies = [json!("[[ ## answer ## ]]\n1,234\n[[ ## completed ## ]]"), json!("many"), whole, block];
    let (code, said, errors) = parsed(&["--signature", "question -> answer: int"], &replies);
    assert_eq!((code, errors.as_str()), (1, ""));
    let flag = |path: &str, leniency: &str| json!({"path": path, "leniency": leniency});
    let wrong = |got: &str| json!({"errors": [{"path": "answer", "expected": "a whole number", "got": got}]});
    assert_eq!(said[0], json!({"value": {"answer": 1234}, "flags": [flag("answer", "grouped_number")]}));
    assert_eq!(said[1], wrong("other text"));
    assert!(said[2]["errors"][0]["got"].as_str().unwrap().contains("cut off at the limit"), "{}", said[2]);
    assert_eq!(said[3], json!({"value": {"answer": 5}, "flags": [flag("", "other_layout")]}));

    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("sig.json");
    let spec = json!({"name": "S", "inputs": [], "outputs": [{"name": "a", "schema": {"enum": ["calm"]}}]});
    std::fs::write(&file, spec.to_string()).unwrap();
    let args = ["--signature", file.to_str().unwrap(), "--adapter", "xml"];
    let (code, said, _) = parsed(&args, &[json!("<a>Calm.</a>")]);
    assert_eq!(code, 0);
    assert_eq!(said[0]["value"], json!({"a": "calm"}));

    for (args, replies, part) in [
        (&["--signature", "a -> b: strng"][..], vec![], "`strng` is not a type"),
        (&["--signature", "nowhere.json"], vec![], "name a file of JSON, or write a line such as"),
        (&["--signature", "a -> b"], vec![json!(5)], "line 1 of the replies: must be a JSON text"),
    ] {
        let (code, _, errors) = parsed(args, &replies);
        assert_eq!(code, 2, "{errors}");
        assert!(errors.contains(part), "{errors}");
    }
    assert_eq!(parsed(&["--signature", "a -> b", "--adapter", "yaml"], &[]).0, 64);
}

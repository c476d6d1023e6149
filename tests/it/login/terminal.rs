//! `abide login` and `abide logout`, with a plain HTTP client in the place of a browser.

use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Command, Output, Stdio},
};

use abide::{Boundary, credentials::oauth::Loopback};

use super::*;

const RULES: &str = "
[tools.\"crm.get_customer_info\"]
scopes = [\"customer:read\"]
effect = \"read\"
";

/// A boundary file for a testbed, and a home for the one who runs `abide`.
fn boundary(setup: &Setup, more: &str) -> PathBuf {
    let path = setup.folder.path().join("boundary.toml");
    let (url, issuer) = (setup.testbed.mcp_url(), setup.testbed.issuer());
    let ca = setup.testbed.ca_path().display();
    let text = format!(
        "[servers.crm]\nurl = \"{url}\"\nissuer = \"{issuer}\"\nca_bundle = \"{ca}\"\n\
         grant = \"login\"\nregistration = \"dynamic\"\n{more}\n{RULES}"
    );
    fs::write(&path, text).unwrap();
    path
}

fn abide(setup: &Setup, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_abide"));
    command.args(args).current_dir(setup.folder.path()).env("HOME", setup.folder.path()).env_remove("XDG_STATE_HOME");
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn said(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

/// A program that does not outlive its test.
struct Started(Child);

impl Drop for Started {
    fn drop(&mut self) {
        // it may have ended by itself
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a login, and reads the address of the page.
fn start(setup: &Setup) -> (Started, BufReader<std::process::ChildStdout>, Url) {
    let mut child = Started(abide(setup, &["login", "crm"]).spawn().unwrap());
    let mut lines = BufReader::new(child.0.stdout.take().unwrap());
    let mut line = String::new();
    while !line.starts_with("http") {
        line.clear();
        assert_ne!(lines.read_line(&mut line).unwrap(), 0, "no page");
    }
    (child, lines, line.trim().parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_developer_logs_in_and_out() {
    let setup = Setup::new().await;
    let path = boundary(&setup, "");
    let (mut child, mut lines, page) = start(&setup);
    let http = http();
    let back = follow(&http, &page).await;
    assert_eq!(back.host_str(), Some("127.0.0.1"));
    for other in ["/favicon.ico", "/callback", "/callback?code=x", "/callback?code=x&state=other", "/callbackx?code=x"]
    {
        let reply = http.send(net::Request::get(back.join(other).unwrap())).await.unwrap();
        assert_eq!(reply.status, 404, "{other}");
    }
    let reply = http.send(net::Request::get(back)).await.unwrap();
    assert!(reply.status.is_success() && reply.headers["content-security-policy"] == "default-src 'none'");
    let mut rest = String::new();
    lines.read_to_string(&mut rest).unwrap();
    assert!(child.0.wait().unwrap().success());
    let file = setup.folder.path().join(".local/state/abide/tokens/crm.json");
    assert!(rest.contains("logged in to `crm`\n  scopes  customer:read\n"), "{rest}");
    assert!(rest.contains(&file.display().to_string()), "{rest}");
    let kept: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    assert!(!rest.contains(kept["consents"][0]["refresh_token"].as_str().unwrap()));
    assert_eq!(mode(&file), 0o600);

    let (code, again, errors) = said(&abide(&setup, &["login", "crm"]).output().unwrap());
    assert_eq!((code, errors.as_str()), (0, ""));
    assert!(again.starts_with("logged in already to `crm`"), "{again}");

    // a program that runs unattended finds the same file
    let text = fs::read_to_string(&path).unwrap();
    let home = setup.folder.path().display().to_string();
    let program = Boundary::parse(&text, "", &|name| (name == "HOME").then(|| home.clone())).unwrap();
    let config = program.servers().next().unwrap().clone();
    assert_eq!(setup.identity_of(config, READ).token().await.unwrap().granted.to_string(), READ);

    let (code, gone, errors) = said(&abide(&setup, &["logout", "crm"]).output().unwrap());
    assert_eq!((code, gone.as_str(), errors.as_str()), (0, "logged out of `crm`\n", ""));
    assert!(!file.exists());
    assert_eq!(setup.testbed.auth().desk().live(), 0);
    let (code, gone, _) = said(&abide(&setup, &["logout", "crm"]).output().unwrap());
    assert_eq!((code, gone.as_str()), (0, "no login is kept for `crm`\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_that_fails_says_why() {
    let setup = Setup::new().await;
    boundary(&setup, "");
    setup.testbed.auth().desk().set(Quirk::Denied);
    let (mut child, _, page) = start(&setup);
    let http = http();
    let back = follow(&http, &page).await;
    http.send(net::Request::get(back)).await.unwrap();
    assert_eq!(child.0.wait().unwrap().code(), Some(1));
    let mut errors = String::new();
    child.0.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
    assert!(errors.contains("not allowed (`access_denied`)"), "{errors}");

    for (args, reason) in [
        (["login", "none"], "the boundary has no `[servers.none]` with a `url`"),
        (["logout", "none"], "the boundary has no `[servers.none]` with a `url`"),
    ] {
        let (code, _, errors) = said(&abide(&setup, &args).output().unwrap());
        assert!(code == 1 && errors.contains(reason), "{errors}");
    }
    boundary(&setup, "grant_type = \"x\"");
    let (code, _, errors) = said(&abide(&setup, &["login", "crm"]).output().unwrap());
    assert!(code == 1 && errors.contains("grant_type"), "{errors}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_is_looked_at_and_not_trusted() {
    let setup = Setup::new().await;
    let url = setup.testbed.mcp_url();
    let mut command = abide(&setup, &["login", url]);
    let (code, text, errors) = said(&command.env("SSL_CERT_FILE", setup.testbed.ca_path()).output().unwrap());
    assert_eq!((code, errors.as_str()), (0, ""));
    let issuer = setup.testbed.issuer();
    assert!(text.contains(&format!("url = \"{url}\"\nissuer = \"{issuer}\"\ngrant = \"login\"\n")), "{text}");
    assert_eq!(setup.testbed.auth().counters().requests, 0, "the issuer was not even spoken to");
    let table = text.split_once("[servers.NAME]").unwrap().1.split_once("\n\n").unwrap().0;
    Boundary::parse(&format!("[servers.crm]{table}"), "", &|_| None).unwrap();
}

#[tokio::test]
async fn a_listener_hears_one_login_only_and_gives_up() {
    let agent = Loopback::bind(|_| {}).await.unwrap();
    let here = agent.redirect_uri();
    let page: Url = "https://issuer.example/authorize?state=mine".parse().unwrap();
    let http = http();
    let visits = async {
        let send = async |method: http::Method, target: &str| {
            let mut request = net::Request::get(here.join(target).unwrap());
            request.method = method;
            http.send(request).await.unwrap().status.as_u16()
        };
        let get = http::Method::GET;
        // a browser that connects in advance and sends nothing holds nobody up
        let _silent = tokio::net::TcpStream::connect((here.host_str().unwrap(), here.port().unwrap())).await.unwrap();
        assert_eq!(send(get.clone(), "/").await, 404);
        assert_eq!(send(http::Method::POST, "/callback?code=a&state=mine").await, 404);
        assert_eq!(send(get.clone(), "/callback?code=a&state=theirs").await, 404);
        assert_eq!(send(get.clone(), "/callback?error=access_denied").await, 404);
        assert_eq!(send(get, "/callback?code=b&state=mine").await, 200);
    };
    let (came, ()) = tokio::join!(agent.authorize(&page), visits);
    assert_eq!(came.unwrap().as_str(), format!("{here}?code=b&state=mine"));

    let hasty = Loopback::bind(|_| {}).await.unwrap().patience(Duration::ZERO);
    let reason = hasty.authorize(&page).await.unwrap_err();
    assert_eq!(reason, "the user did not come back within 0 s");
}

//! A person's consent, against a real authorization endpoint.

use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink},
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
    time::Duration,
};

use abide::{
    async_trait,
    credentials::oauth::{
        AccessToken, AuthError, Identity, UserAgent,
        config::{ClientAuth, Code, Grant, OAuth, Registration},
    },
    mcp::{Connection, McpServer, servers::ServerConfig},
    net,
    scope::ScopeSet,
    secret::Redactor,
};
use abide_testbed::{Options, Testbed, auth::Quirk};
use futures_util::future::join_all;
use serde_json::{Value, json};
use url::Url;

use crate::support::Hasty;

mod terminal;

const READ: &str = "customer:read";
const BOTH: &str = "customer:read ticket:create";
const REDIRECT: &str = "http://127.0.0.1:1/callback";

/// Says yes to every page at once, and may change where that leads.
struct Person {
    http: net::Client,
    pages: Mutex<Vec<Url>>,
    change: Box<dyn Fn(Url) -> Url + Send + Sync>,
}

struct Setup {
    testbed: Testbed,
    clock: Arc<Hasty>,
    redactor: Redactor,
    person: Arc<Person>,
    folder: tempfile::TempDir,
}

impl Person {
    fn honest() -> Arc<Self> {
        Self::changing(|url| url)
    }

    fn changing(change: impl Fn(Url) -> Url + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { http: http(), pages: Mutex::default(), change: Box::new(change) })
    }

    fn pages(&self) -> usize {
        self.pages.lock().unwrap().len()
    }
}

impl std::fmt::Debug for Person {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Person")
    }
}

#[async_trait]
impl UserAgent for Person {
    fn redirect_uri(&self) -> Url {
        REDIRECT.parse().unwrap()
    }

    async fn authorize(&self, page: &Url) -> Result<Url, String> {
        self.pages.lock().unwrap().push(page.clone());
        Ok((self.change)(follow(&self.http, page).await))
    }
}

impl Setup {
    async fn new() -> Self {
        Self {
            testbed: Testbed::start(Options::default()).await.unwrap(),
            clock: Arc::default(),
            redactor: Redactor::new(),
            person: Person::honest(),
            folder: tempfile::tempdir().unwrap(),
        }
    }

    fn store(&self) -> PathBuf {
        self.folder.path().join("own/crm.json")
    }

    /// A client that registers itself, with a person and a file.
    fn code(&self) -> Code {
        Code::new(Registration::Dynamic).agent(self.person.clone()).store(self.store())
    }

    /// The same on a machine without anybody.
    fn alone(&self) -> Code {
        Code::new(Registration::Dynamic).store(self.store())
    }

    fn config(&self, code: Code) -> ServerConfig {
        let url = self.testbed.mcp_url().parse().unwrap();
        let oauth = OAuth::new(self.testbed.issuer(), "", ClientAuth::Public).grant(Grant::Code(code));
        let mut config = ServerConfig::new("crm".to_owned().try_into().unwrap(), url).with_oauth(oauth);
        config.connection.ca_bundle = Some(self.testbed.ca_path().to_owned());
        config
    }

    fn identity(&self, code: Code, scopes: &str) -> Identity {
        self.identity_of(self.config(code), scopes)
    }

    fn identity_of(&self, config: ServerConfig, scopes: &str) -> Identity {
        let scopes = ScopeSet::parse(scopes).unwrap();
        Identity::new(config.protected_resource(), scopes, self.clock.clone(), self.redactor.clone()).unwrap()
    }

    async fn token(&self, code: Code) -> Result<Arc<AccessToken>, AuthError> {
        self.identity(code, READ).token().await
    }

    /// The kinds of requests for tokens so far.
    fn grants(&self) -> Vec<String> {
        self.testbed.auth().desk().forms().iter().map(|form| form["grant_type"].clone()).collect()
    }

    fn kept(&self) -> Value {
        serde_json::from_slice(&fs::read(self.store()).unwrap()).unwrap()
    }

    fn refresh_token(&self) -> String {
        self.kept()["consents"][0]["refresh_token"].as_str().unwrap().to_owned()
    }
}

fn http() -> net::Client {
    net::Client::new(&net::Options::own_network()).unwrap()
}

/// Where a page sends on to.
async fn follow(http: &net::Client, page: &Url) -> Url {
    let reply = http.send(net::Request::get(page.clone())).await.unwrap();
    let location = reply.headers.get("location").unwrap_or_else(|| panic!("{page} shows {}", reply.status));
    location.to_str().unwrap().parse().unwrap()
}

fn known(mut code: Code) -> Code {
    code.registration = Registration::Known;
    code
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn is_login_needed(result: Result<Arc<AccessToken>, AuthError>) -> bool {
    matches!(result, Err(AuthError::LoginNeeded { .. }))
}

#[tokio::test]
async fn a_person_says_yes_and_a_tool_can_be_called() {
    let setup = Setup::new().await;
    let scopes = ScopeSet::parse(READ).unwrap();
    let config = setup.config(setup.code());
    let connection = Connection::new(config, scopes, setup.clock.clone(), setup.redactor.clone()).unwrap();
    let connection = Arc::new(connection);
    let token = connection.identity().token().await.unwrap();
    assert_eq!(token.granted.to_string(), READ);
    let server = McpServer::connect(connection.clone()).await.unwrap();
    assert!(!server.tools().is_empty());

    let desk = setup.testbed.auth().desk();
    let (asked, forms, registered) = (desk.asked(), desk.forms(), desk.registered());
    let (page, form) = (&asked[0], &forms[0]);
    assert_eq!((asked.len(), forms.len(), registered.len()), (1, 1, 1));
    let names: Vec<_> = page.keys().map(String::as_str).collect();
    let expected = [
        "client_id",
        "code_challenge",
        "code_challenge_method",
        "redirect_uri",
        "resource",
        "response_type",
        "scope",
        "state",
    ];
    assert_eq!(names, expected);
    assert_eq!((&page["client_id"], &page["scope"]), (&registered[0], &READ.to_owned()));
    assert_eq!((page["redirect_uri"].as_str(), page["code_challenge_method"].as_str()), (REDIRECT, "S256"));
    assert!(page["state"].len() >= 32 && form["code_verifier"].len() >= 43);
    let sent: Vec<_> = form.keys().map(String::as_str).collect();
    assert_eq!(sent, ["client_id", "code", "code_verifier", "grant_type", "redirect_uri"]);
    assert_eq!(page["resource"], setup.testbed.mcp_url());

    let shown = format!("{connection:?} {token:?} {:?}", connection.config());
    for secret in [&form["code"], &form["code_verifier"], &setup.refresh_token()] {
        assert!(!shown.contains(secret.as_str()));
    }
    let (code, refresh) = (&form["code"], setup.refresh_token());
    assert_eq!(setup.redactor.scrub(&format!("{code} {refresh}")), "[redacted] [redacted]");
}

#[tokio::test]
async fn a_person_is_asked_once_and_each_refresh_token_is_used_once() {
    let setup = Setup::new().await;
    for code in [setup.code(), Code::new(Registration::Dynamic).agent(setup.person.clone())] {
        let identity = setup.identity(code, READ);
        let (pages, mut before) = (setup.person.pages(), String::new());
        for _ in 0..4 {
            let token = identity.token().await.unwrap();
            assert_ne!(token.hash, before);
            before.clone_from(&token.hash);
            setup.clock.advance(Duration::from_secs(300));
        }
        assert_eq!(setup.person.pages(), pages + 1);
    }
    let round = ["authorization_code", "refresh_token", "refresh_token", "refresh_token"];
    assert_eq!(setup.grants(), [round, round].concat());
    assert_eq!(setup.testbed.auth().desk().live(), 2);
    assert_eq!(setup.testbed.auth().desk().registered().len(), 2, "each identity knows its own file only");
}

#[tokio::test]
async fn a_login_survives_a_restart_in_a_file_of_its_owners() {
    let setup = Setup::new().await;
    setup.token(setup.code()).await.unwrap();
    let first = setup.refresh_token();
    assert_eq!((mode(&setup.store()), mode(setup.store().parent().unwrap())), (0o600, 0o700));
    for _ in 0..3 {
        let token = setup.token(setup.alone()).await.unwrap();
        assert_eq!(token.granted.to_string(), READ);
    }
    assert_ne!(setup.refresh_token(), first);
    assert_eq!(setup.testbed.auth().desk().live(), 1);
    assert_eq!(setup.person.pages(), 1);
    let files: Vec<_> =
        fs::read_dir(setup.store().parent().unwrap()).unwrap().map(|f| f.unwrap().file_name()).collect();
    assert_eq!(files.len(), 2, "{files:?}: the file and its lock");
}

#[tokio::test]
async fn programs_that_renew_at_once_do_not_lose_the_newer_token() {
    let setup = Setup::new().await;
    setup.token(setup.code()).await.unwrap();
    let programs: Vec<_> = (0..8).map(|_| setup.identity(setup.alone(), READ)).collect();
    for _ in 0..3 {
        let tokens = join_all(programs.iter().map(Identity::token)).await;
        assert!(tokens.iter().all(Result::is_ok), "{tokens:?}");
        setup.clock.advance(Duration::from_secs(300));
    }
    assert_eq!(setup.grants().len(), 1 + 3 * 8);
    assert_eq!(setup.testbed.auth().desk().live(), 1);
}

#[tokio::test]
async fn a_refresh_token_that_was_used_before_ends_the_login() {
    let setup = Setup::new().await;
    setup.token(setup.code()).await.unwrap();
    let stolen = fs::read(setup.store()).unwrap();
    setup.token(setup.alone()).await.unwrap();
    fs::write(setup.store(), stolen).unwrap();
    assert!(is_login_needed(setup.token(setup.alone()).await));
    assert_eq!(setup.testbed.auth().desk().live(), 0);
    assert_eq!(setup.kept()["consents"], json!([]));
    let requests = setup.grants().len();
    assert!(is_login_needed(setup.token(setup.alone()).await));
    assert_eq!(setup.grants().len(), requests, "what is known to be of no use is not sent again");
}

#[tokio::test]
async fn a_consent_that_was_withdrawn_is_asked_for_again() {
    let setup = Setup::new().await;
    let identity = setup.identity(setup.code(), READ);
    identity.token().await.unwrap();
    setup.testbed.auth().desk().withdraw();
    setup.clock.advance(Duration::from_secs(300));
    identity.token().await.unwrap();
    assert_eq!(setup.person.pages(), 2);
    assert_eq!(setup.grants(), ["authorization_code", "refresh_token", "authorization_code"]);
    assert_eq!(setup.testbed.auth().desk().registered().len(), 1);
}

#[tokio::test]
async fn an_answer_of_somebody_else_is_never_redeemed() {
    for (quirks, reason) in [
        (&[Quirk::OtherState][..], "`state` is not what was sent"),
        (&[Quirk::NoIss], "lacks `iss`"),
        (&[Quirk::ForeignIss], "from another issuer"),
        (&[Quirk::ForeignIss, Quirk::SilentIss], "from another issuer"),
        (&[Quirk::ForeignIss, Quirk::Denied], "from another issuer"),
        (&[Quirk::OtherPath], "to another address"),
        (&[Quirk::TwoCodes], "has `code` twice"),
        (&[Quirk::Denied], "not allowed (`access_denied`)"),
    ] {
        let setup = Setup::new().await;
        quirks.iter().for_each(|quirk| setup.testbed.auth().desk().set(*quirk));
        let error = setup.token(setup.code()).await.unwrap_err();
        assert!(matches!(error, AuthError::Login { .. }) && error.to_string().contains(reason), "{error}");
        assert_eq!((setup.person.pages(), setup.grants().len()), (1, 0), "{quirks:?}");
        assert!(!setup.store().exists());
    }
    let silent = Setup::new().await;
    silent.testbed.auth().desk().set(Quirk::SilentIss);
    silent.token(silent.code()).await.unwrap();
}

#[tokio::test]
async fn an_answer_that_was_changed_on_the_way_is_never_redeemed() {
    type Change = fn(Url) -> Url;
    fn edit(url: Url, name: &'static str, value: &str) -> Url {
        let pairs: Vec<_> = url.query_pairs().into_owned().filter(|(key, _)| key != name).collect();
        let mut url = url.clone();
        url.query_pairs_mut().clear().extend_pairs(pairs).append_pair(name, value);
        url
    }
    let changes: [Change; 8] = [
        |url| edit(url, "state", ""),
        |url| edit(url, "code", ""),
        |url| edit(url, "code", &"x".repeat(20_000)),
        |url| edit(url, "iss", "https://evil.example"),
        |url| format!("{}/", url.as_str().replace("iss=", "iss=x&iss=")).parse().unwrap(),
        |url| url.as_str().replace("http://127", "https://127").parse().unwrap(),
        |url| url.as_str().replace("127.0.0.1:1/", "127.0.0.1:2/").parse().unwrap(),
        |url| url.as_str().replace("127.0.0.1", "user@127.0.0.1").parse().unwrap(),
    ];
    for (index, change) in changes.into_iter().enumerate() {
        let mut setup = Setup::new().await;
        setup.person = Person::changing(change);
        let error = setup.token(setup.code()).await.unwrap_err();
        assert!(matches!(error, AuthError::Login { .. }), "{index}: {error}");
        assert_eq!(setup.grants().len(), 0, "{index}");
    }
    // an issuer that is one with a slash at its end is another one
    let mut setup = Setup::new().await;
    setup.person = Person::changing(|url| edit(url.clone(), "iss", &format!("{}/", iss(&url))));
    assert!(setup.token(setup.code()).await.unwrap_err().to_string().contains("another issuer"));
}

fn iss(url: &Url) -> String {
    url.query_pairs().find(|(name, _)| name == "iss").unwrap().1.into_owned()
}

#[tokio::test]
async fn a_code_is_good_once_and_for_one_login() {
    let mut setup = Setup::new().await;
    let first: Arc<Mutex<Option<String>>> = Arc::default();
    let seen = first.clone();
    // puts the first code into every later answer
    setup.person = Person::changing(move |url| {
        let code = url.query_pairs().find(|(name, _)| name == "code").unwrap().1.into_owned();
        let old = seen.lock().unwrap().get_or_insert_with(|| code.clone()).clone();
        url.as_str().replace(&code, &old).parse().unwrap()
    });
    let no_store = || Code::new(Registration::Dynamic).agent(setup.person.clone());
    setup.token(no_store()).await.unwrap();
    assert_eq!(setup.testbed.auth().desk().live(), 1);
    let error = setup.token(no_store()).await.unwrap_err();
    assert!(matches!(&error, AuthError::Refused { code, .. } if code == "invalid_grant"), "{error}");
    assert_eq!(setup.testbed.auth().desk().live(), 0, "the issuer ends what came of a code that is shown twice");
    let text = format!("{error} {error:?}");
    assert!(!text.contains(first.lock().unwrap().as_ref().unwrap()));
}

#[tokio::test]
async fn no_page_is_shown_that_would_not_be_safe() {
    for (quirk, reason) in [(Quirk::NoS256, "lacks `S256`"), (Quirk::Script, "`authorization_endpoint`")] {
        let setup = Setup::new().await;
        setup.testbed.auth().desk().set(quirk);
        let error = setup.token(setup.code()).await.unwrap_err();
        assert!(matches!(error, AuthError::Metadata { .. }) && error.to_string().contains(reason), "{error}");
        assert_eq!((setup.person.pages(), setup.grants().len()), (0, 0));
    }
}

#[tokio::test]
async fn clients_register_themselves_as_the_issuer_likes() {
    let setup = Setup::new().await;
    let desk = setup.testbed.auth().desk();
    desk.set(Quirk::OtherRedirect);
    let error = setup.token(setup.code()).await.unwrap_err();
    assert!(
        matches!(error, AuthError::Registration { .. }) && error.to_string().contains("other addresses"),
        "{error}"
    );
    desk.heal();
    desk.set(Quirk::NoRegistration);
    let error = setup.token(setup.code()).await.unwrap_err();
    assert!(error.to_string().contains("set `client_id`"), "{error}");
    assert_eq!(setup.person.pages(), 0);

    desk.heal();
    desk.set(Quirk::Secrets);
    setup.token(setup.code()).await.unwrap();
    setup.token(setup.alone()).await.unwrap();
    let kept = setup.kept();
    let client = &kept["clients"][setup.testbed.issuer()];
    assert_eq!(client["method"], "client_secret_basic");
    let secret = client["secret"].as_str().unwrap();
    assert_eq!(setup.redactor.scrub(secret), "[redacted]");
    assert!(desk.forms().iter().all(|form| !form.contains_key("client_secret")), "it goes into the header");
}

#[tokio::test]
async fn a_document_names_the_client_where_the_issuer_takes_that() {
    const DOCUMENT: &str = "https://client.example/abide.json";
    let setup = Setup::new().await;
    let code = || {
        let mut code = setup.code();
        code.registration = Registration::Document(DOCUMENT.parse().unwrap());
        code.store = None;
        code
    };
    let desk = setup.testbed.auth().desk();
    setup.token(code()).await.unwrap();
    desk.set(Quirk::Documents);
    setup.token(code()).await.unwrap();
    let names: Vec<_> = desk.asked().iter().map(|page| page["client_id"].clone()).collect();
    assert_eq!(names, [desk.registered()[0].clone(), DOCUMENT.to_owned()]);
    assert_eq!(desk.forms()[1]["client_id"], DOCUMENT);
    assert_eq!(desk.registered().len(), 1);
}

#[tokio::test]
async fn a_client_that_somebody_registered_proves_who_it_is() {
    let setup = Setup::new().await;
    let secret = || abide::secret::Secret::new(setup.testbed.client_secret().to_owned());
    for client in [ClientAuth::Basic(secret()), ClientAuth::Post(secret())] {
        let mut config = setup.config(known(setup.code()));
        let oauth = config.oauth_mut().unwrap();
        (oauth.client_id, oauth.client) = (setup.testbed.client_id().to_owned(), client);
        let identity = setup.identity_of(config, BOTH);
        assert_eq!(identity.token().await.unwrap().granted.to_string(), BOTH);
    }
    assert_eq!(setup.person.pages(), 1, "the second one found the file");
    assert_eq!(setup.testbed.auth().desk().registered(), [""; 0]);
}

#[tokio::test]
async fn more_scopes_are_asked_for_together_with_those_before() {
    let setup = Setup::new().await;
    setup.token(setup.code()).await.unwrap();
    let wide = setup.identity(setup.alone(), "ticket:create");
    assert!(is_login_needed(wide.token().await));
    assert_eq!(setup.grants(), ["authorization_code"], "a refresh could not bring more");
    let token = setup.identity(setup.code(), "ticket:create").token().await.unwrap();
    assert_eq!(token.granted.to_string(), BOTH);
    let asked: Vec<_> = setup.testbed.auth().desk().asked().iter().map(|page| page["scope"].clone()).collect();
    assert_eq!(asked, [READ, BOTH]);
    let narrow = setup.token(setup.alone()).await.unwrap();
    assert_eq!(narrow.granted.to_string(), BOTH);
}

#[tokio::test]
async fn a_person_who_grants_less_is_not_asked_again_and_again() {
    let setup = Setup::new().await;
    let wanted = "customer:read nobody:grants-this";
    let identity = setup.identity(setup.code(), wanted);
    for _ in 0..3 {
        assert_eq!(identity.token().await.unwrap().granted.to_string(), READ);
        setup.clock.advance(Duration::from_secs(300));
    }
    assert_eq!(setup.person.pages(), 1);
    let token = setup.identity(setup.alone(), wanted).token().await.unwrap();
    assert_eq!(token.granted.to_string(), READ);
}

#[tokio::test]
async fn offline_access_is_asked_for_only_where_the_issuer_knows_it() {
    let setup = Setup::new().await;
    let desk = setup.testbed.auth().desk();
    desk.set(Quirk::Offline);
    setup.token(setup.code()).await.unwrap();
    let page = &desk.asked()[0];
    assert_eq!((page["scope"].as_str(), page["prompt"].as_str()), ("customer:read offline_access", "consent"));
}

#[tokio::test]
async fn without_a_refresh_token_nothing_is_kept() {
    let setup = Setup::new().await;
    setup.testbed.auth().desk().set(Quirk::NoRefresh);
    setup.token(setup.code()).await.unwrap();
    assert!(!setup.store().exists());
    assert!(is_login_needed(setup.token(setup.alone()).await));
    assert_eq!(setup.testbed.auth().desk().live(), 0);
}

/// What may stand in the token file that is none of ours, and what is told of it.
fn unusable_stores(good: &[u8]) -> [(Vec<u8>, &'static str); 6] {
    let with = |change: &dyn Fn(&mut Value)| {
        let mut kept: Value = serde_json::from_slice(good).unwrap();
        change(&mut kept);
        kept.to_string().into_bytes()
    };
    [
        (b"{".to_vec(), "not a token file of Abide"),
        (with(&|kept| kept["version"] = json!(2)), "version 2"),
        (with(&|kept| kept["more"] = json!(1)), "not a token file of Abide"),
        (with(&|kept| kept["consents"][0]["more"] = json!(1)), "not a token file of Abide"),
        (with(&|kept| kept["consents"][0]["asked"] = json!(["no scope"])), "not a token file of Abide"),
        (vec![b' '; 300 * 1024], "more than 256 KiB"),
    ]
}

#[tokio::test]
async fn a_file_that_others_could_read_or_change_is_not_used() {
    let setup = Setup::new().await;
    setup.token(setup.code()).await.unwrap();
    let (path, good) = (setup.store(), fs::read(setup.store()).unwrap());
    let requests = setup.grants().len();
    let refused = async |reason: &str| {
        let error = setup.token(setup.code()).await.unwrap_err();
        assert!(matches!(error, AuthError::Store { .. }) && error.to_string().contains(reason), "{error}");
        assert!(!format!("{error:?}").contains("refresh"));
        assert_eq!((setup.person.pages(), setup.grants().len()), (1, requests), "{reason}");
    };
    for mode in [0o640, 0o604, 0o620, 0o666] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        refused("remove it and log in again").await;
    }
    fs::remove_file(&path).unwrap();
    let elsewhere = setup.folder.path().join("elsewhere.json");
    fs::write(&elsewhere, &good).unwrap();
    fs::set_permissions(&elsewhere, fs::Permissions::from_mode(0o600)).unwrap();
    symlink(&elsewhere, &path).unwrap();
    refused("link").await;
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    refused("no file").await;
    fs::remove_dir(&path).unwrap();

    for (bytes, reason) in unusable_stores(&good) {
        fs::write(&path, bytes).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        refused(reason).await;
    }
    fs::write(&path, good).unwrap();
    let folder = path.parent().unwrap();
    for mode in [0o777, 0o770, 0o720] {
        fs::set_permissions(folder, fs::Permissions::from_mode(mode)).unwrap();
        refused("folder").await;
    }
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700)).unwrap();
    // only a superuser can give a file away
    let owner = fs::metadata(&path).unwrap().uid();
    if chown(folder, Some(owner + 1), None).is_ok() {
        refused("its folder belongs to another user").await;
        chown(folder, Some(owner), None).unwrap();
        chown(&path, Some(owner + 1), None).unwrap();
        refused("it belongs to another user").await;
        chown(&path, Some(owner), None).unwrap();
    }
    setup.token(setup.alone()).await.unwrap();
}

#[tokio::test]
async fn what_was_kept_for_one_issuer_or_server_is_never_shown_to_another() {
    let (setup, other) = (Setup::new().await, Setup::new().await);
    setup.token(setup.code()).await.unwrap();
    let at_other = |code: Code| code.store(setup.store());
    assert!(is_login_needed(other.token(at_other(other.alone())).await));
    assert_eq!(other.testbed.auth().counters().tokens, 0);
    assert_eq!(other.grants(), [""; 0]);

    other.token(at_other(other.code())).await.unwrap();
    let (mine, theirs) = (setup.testbed.auth().desk().registered(), other.testbed.auth().desk().registered());
    assert_eq!((mine.len(), theirs.len()), (1, 1));
    assert_eq!(other.testbed.auth().desk().asked()[0]["client_id"], theirs[0]);
    // both are kept side by side
    setup.token(setup.alone()).await.unwrap();
    other.token(at_other(other.alone())).await.unwrap();

    let mut config = setup.config(setup.alone());
    config.url = "https://127.0.0.1:1/other".parse().unwrap();
    let requests = setup.grants().len();
    assert!(is_login_needed(setup.identity_of(config, READ).token().await), "another server at the same issuer");
    let mut config = setup.config(known(setup.alone()));
    config.oauth_mut().unwrap().client_id = "another-client".to_owned();
    assert!(is_login_needed(setup.identity_of(config, READ).token().await), "another client");
    assert_eq!(setup.grants().len(), requests);
}

//! oidc-provider asks a person: authorization code with PKCE, refresh tokens that are good once, a client that registers itself.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt,
    sync::atomic::{AtomicUsize, Ordering},
};

use abide::{
    async_trait,
    credentials::oauth::{
        UserAgent,
        config::{ClientAuth, Code, Grant, Registration},
    },
};
use http::header::{COOKIE, LOCATION, SET_COOKIE};
use url::Url;

use super::{oidc::World, *};

/// A browser of somebody who is asked, logs in and consents: the referee does both when its page is opened.
#[derive(Debug, Default)]
struct Person {
    asked: AtomicUsize,
}

#[async_trait]
impl UserAgent for Person {
    fn redirect_uri(&self) -> Url {
        "http://127.0.0.1:1/callback".parse().unwrap()
    }

    async fn authorize(&self, page: &Url) -> Result<Url, String> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        Ok(browse(page.clone(), &self.redirect_uri()).await)
    }
}

/// Follows redirects with cookies until one leads back to the program.
async fn browse(mut page: Url, back: &Url) -> Url {
    let client = net::Client::new(&process::loopback()).unwrap();
    let mut cookies = BTreeMap::new();
    for _ in 0..10 {
        let mut request = net::Request::get(page.clone());
        let jar: Vec<_> = cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        request.headers.insert(COOKIE, jar.join("; ").parse().unwrap());
        let reply = client.send(request).await.unwrap();
        for cookie in reply.headers.get_all(SET_COOKIE) {
            let (pair, _) = cookie.to_str().unwrap().split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            cookies.insert(name.to_owned(), value.to_owned());
        }
        let place = reply.headers.get(LOCATION).unwrap_or_else(|| panic!("{}: no redirect at {page}", reply.status));
        page = page.join(place.to_str().unwrap()).unwrap();
        if page.origin() == back.origin() {
            return page;
        }
    }
    panic!("redirects without end")
}

async fn connect(world: &World, url: &str, client: &str, code: Code) -> Result<Caller, ToolboxError> {
    let oauth = OAuth::new(issuer_of(&world.issuer), client, ClientAuth::Public).grant(Grant::Code(code));
    Caller::connect(guarded(url, oauth), &[ADD]).await
}

/// How often each kind of grant was made.
async fn grants(issuer: &Referee) -> BTreeMap<String, usize> {
    let mut kinds = BTreeMap::new();
    for grant in issuer.seen().await["granted"].as_array().unwrap() {
        *kinds.entry(grant["grant"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    kinds
}

#[tokio::test]
#[ignore = "needs scripts/referees.sh"]
async fn a_person_is_asked_once_and_the_refresh_token_used_once_each_time() {
    let world = World::start(8);
    let url = world.resource("personal", "ES256").await;
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("token");
    let person = Arc::new(Person::default());
    let code = Code::new(Registration::Known).store(&store);
    let caller = connect(&world, &url, "person", code.clone().agent(person.clone())).await.unwrap();
    let calls = caller.keep_calling(Duration::from_secs(14)).await;
    assert!(calls > 100, "{calls}");
    assert_eq!(person.asked.load(Ordering::Relaxed), 1);
    let made = grants(&world.issuer).await;
    assert_eq!(made["authorization_code"], 1);
    // a token serves for half of its 8 s; the referee revokes everything when a refresh token comes twice
    assert!((3..=4).contains(&made["refresh_token"]), "{made:?}");
    let seen = world.issuer.seen().await;
    assert_eq!(seen["refused"], json!([]));
    assert_eq!(world.gate.seen().await["refused"]["invalid_token"], Value::Null);
    eprintln!("{calls} calls: {made:?}");

    // another start, with nobody there
    drop(caller);
    let kept = fs::metadata(&store).unwrap();
    assert_eq!(kept.permissions().mode() & 0o077, 0, "others may read the file");
    let again = connect(&world, &url, "person", code).await.unwrap();
    assert_eq!(again.call("add", json!({ "a": 1, "b": 1 })).await.result()["sum"], 2.0);
    assert_eq!(grants(&world.issuer).await["authorization_code"], 1);
    assert_eq!(world.issuer.seen().await["refused"], json!([]));
}

#[tokio::test]
#[ignore = "needs scripts/referees.sh"]
async fn a_client_that_nobody_knows_registers_itself() {
    let world = World::start(300);
    let url = world.resource("personal", "ES256").await;
    let person = Arc::new(Person::default());
    let caller = connect(&world, &url, "", Code::new(Registration::Dynamic).agent(person.clone())).await.unwrap();
    assert_eq!(caller.call("add", json!({ "a": 1, "b": 1 })).await.result()["sum"], 2.0);
    assert_eq!(person.asked.load(Ordering::Relaxed), 1);
    let seen = world.issuer.seen().await;
    assert_eq!(seen["refused"], json!([]));
    assert_eq!(seen["granted"][0]["grant"], "authorization_code");
    assert_eq!(seen["granted"][0]["resource"], url);
}

//! nginx with TLS and with mutual TLS, before two replicas of an MCP server and before an issuer.

use std::{collections::BTreeSet, fs};

use abide::{
    credentials::oauth::config::ClientAuth,
    net::{Options, TlsVersion},
};

use super::{
    pki::Pki,
    process::{free_ports, installed},
    *,
};

/// nginx before two replicas, each of which says who it is.
struct World {
    pki: Pki,
    tls: u16,
    old: u16,
    mutual: u16,
    issuer: u16,
    replicas: Vec<Referee>,
    _proxy: Referee,
}

impl World {
    /// `issuer` stands behind the port that shows it the client's certificate.
    fn start(behind: impl Fn(u16) -> Option<Referee>) -> (Self, Option<Referee>) {
        let replicas = ["first", "second"].map(|name| fastmcp(&json!({ "name": name })));
        let replicas: Vec<_> = replicas.into_iter().map(Starting::ready).collect();
        let pki = Pki::new();
        loop {
            let [tls, old, mutual, issuer] = free_ports();
            let issuing = behind(issuer);
            let told = [&replicas[0].told["port"], &replicas[1].told["port"]];
            let port = issuing.as_ref().map_or(&json!(1), |referee| &referee.told["port"]).to_string();
            let mut text = fs::read_to_string(process::program("nginx.conf")).unwrap();
            let folder = pki.folder.path().display().to_string();
            for (word, value) in [
                ("folder", folder.clone()),
                ("tls", tls.to_string()),
                ("old", old.to_string()),
                ("mutual", mutual.to_string()),
                ("issuer", issuer.to_string()),
                ("first", told[0].to_string()),
                ("second", told[1].to_string()),
                ("behind", port),
            ] {
                text = text.replace(&format!("{{{word}}}"), &value);
            }
            fs::write(pki.path("nginx.conf"), text).unwrap();
            let (program, file) = (installed("ABIDE_REFEREES_NGINX"), pki.path("nginx.conf"));
            let errors = pki.path("error.log");
            let words = [
                program.as_os_str(),
                "-p".as_ref(),
                folder.as_ref(),
                "-c".as_ref(),
                file.as_ref(),
                "-e".as_ref(),
                errors.as_ref(),
            ];
            if let Some(proxy) = Starting::spawn(&words).listening(&[tls, old, mutual, issuer]) {
                return (Self { pki, tls, old, mutual, issuer, replicas, _proxy: proxy }, issuing);
            }
        }
    }

    fn alone() -> Self {
        Self::start(|_| None).0
    }

    /// A connection that trusts our authority only.
    fn trusting(&self) -> Options {
        Options::own_network().ca_bundle(Some(self.pki.authority()))
    }

    async fn connect(port: u16, connection: Options) -> Result<Caller, ToolboxError> {
        let mut server = server(&format!("https://127.0.0.1:{port}/mcp"));
        server.connection = connection;
        Caller::connect(server, &[("whoami", Effect::Read, ""), ("add", Effect::Read, ""), NOTE]).await
    }

    async fn refused(port: u16, connection: Options) -> String {
        match Self::connect(port, connection).await {
            Ok(_) => panic!("it was connected"),
            Err(error) => error.to_string(),
        }
    }
}

const NOTE: Allowed<'_> = ("write_note", Effect::Write, "");

/// The replicas that answered twenty calls.
async fn answering(caller: &Caller) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for _ in 0..20 {
        let called = caller.call("whoami", json!({})).await;
        assert_eq!(called.events, []);
        names.insert(called.result()["server"].as_str().unwrap().to_owned());
    }
    names
}

fn both() -> BTreeSet<String> {
    ["first", "second"].map(str::to_owned).into()
}

#[tokio::test]
#[ignore = "needs scripts/referees.sh"]
async fn two_replicas_behind_tls_are_one_server() {
    let world = World::alone();
    let pinned = world.trusting().spki_pins(vec![world.pki.pin.parse().unwrap()]);
    let caller = World::connect(world.tls, pinned).await.unwrap();
    assert_eq!(answering(&caller).await, both());
    let calls = caller.keep_calling(Duration::from_secs(3)).await;
    assert!(calls > 50, "{calls}");
    let newest = world.trusting().min_tls(TlsVersion::Tls13);
    assert_eq!(answering(&World::connect(world.tls, newest).await.unwrap()).await, both());
    eprintln!("{calls} calls in 3 s");
}

#[tokio::test]
#[ignore = "needs scripts/referees.sh"]
async fn a_server_that_is_not_the_one_we_mean_is_not_spoken_to() {
    let world = World::alone();
    let other = Pki::new();
    let error = World::refused(world.tls, Options::own_network()).await;
    assert!(error.contains("certificate"), "{error}");
    let error = World::refused(world.tls, Options::own_network().ca_bundle(Some(other.authority()))).await;
    assert!(error.contains("certificate"), "{error}");
    let error = World::refused(world.tls, world.trusting().spki_pins(vec![other.pin.parse().unwrap()])).await;
    assert!(error.contains("pin"), "{error}");
    World::connect(world.old, world.trusting()).await.unwrap();
    let error = World::refused(world.old, world.trusting().min_tls(TlsVersion::Tls13)).await;
    assert!(error.to_lowercase().contains("version"), "{error}");
    let ran = join_all(world.replicas.iter().map(Referee::seen)).await;
    assert_eq!(ran, [json!({}), json!({})]);
}

#[tokio::test]
#[ignore = "needs scripts/referees.sh"]
async fn who_shows_no_certificate_is_refused() {
    let world = World::alone();
    let known = world.trusting().client_certificate(Some(world.pki.client()));
    assert_eq!(answering(&World::connect(world.mutual, known).await.unwrap()).await, both());

    let error = World::refused(world.mutual, world.trusting()).await;
    assert!(error.contains("certificate") || error.contains("400"), "{error}");
    let other = Pki::new();
    let stranger = world.trusting().client_certificate(Some(other.client()));
    let error = World::refused(world.mutual, stranger).await;
    assert!(error.contains("certificate") || error.contains("400"), "{error}");
}

#[tokio::test]
#[ignore = "needs scripts/referees.sh"]
async fn a_replica_that_dies_costs_no_call_and_no_write_twice() {
    let mut world = World::alone();
    let caller = World::connect(world.tls, world.trusting()).await.unwrap();
    let caller = &caller;
    let note = |i: usize| async move { caller.call("write_note", json!({ "text": "x".repeat(i) })).await };
    let before: Vec<_> = join_all((0..10).map(note)).await;
    assert!(before.iter().all(|called| called.result()["characters"].is_number()));
    let written = async |world: &World| {
        let seen = join_all(world.replicas.iter().map(Referee::seen)).await;
        seen.iter().map(|ran| ran["write_note"].as_u64().unwrap_or_default()).collect::<Vec<_>>()
    };
    let counted = written(&world).await;
    assert_eq!(counted.iter().sum::<u64>(), 10);
    let left = counted[1];
    world.replicas.remove(0);
    let calls = caller.keep_calling(Duration::from_secs(3)).await;
    assert!(calls > 20, "{calls}");
    let after = join_all((0..10).map(note)).await;
    let done = after.iter().filter(|called| matches!(called.outcome, ToolOutcome::Replied { .. })).count();
    assert_eq!(written(&world).await, [left + u64::try_from(done).unwrap()], "{after:?}");
}

#[tokio::test]
#[ignore = "needs scripts/referees.sh"]
async fn an_issuer_knows_us_by_our_certificate() {
    let tls =
        |port: u16| Starting::ours("issuer.cjs", &json!({ "tls": { "port": port, "subject": "CN=client" } })).ready();
    let (world, issuer) = World::start(|port| Some(tls(port)));
    let issuer = issuer.unwrap();
    let gate = json!({
        "issuer": issuer_of(&issuer), "keys": issuer.url("/jwks"), "upstream": world.replicas[0].mcp(),
    });
    let gate = Starting::ours("gate.cjs", &gate).ready();
    let url = gate.url("/certified/mcp");
    register(&issuer, &url, "ES256").await;
    assert_eq!(issuer_of(&issuer), format!("https://127.0.0.1:{}", world.issuer));
    let config = |connection: Options| {
        let mut server = guarded(&url, OAuth::new(issuer_of(&issuer), "certificate", ClientAuth::Certificate));
        server.connection = connection;
        server
    };
    let known = world.trusting().client_certificate(Some(world.pki.client()));
    let caller = Caller::connect(config(known), &[WHOAMI]).await.unwrap();
    assert_eq!(caller.call("whoami", json!({})).await.result()["server"], "first");
    let grants = granted(&issuer, "certificate").await;
    assert_eq!((grants.len(), &grants[0]["method"]), (1, &json!("tls_client_auth")));

    // the issuer believes nobody else's certificate
    let other = Pki::new();
    let stranger = world.trusting().client_certificate(Some(other.client()));
    let Err(error) = Caller::connect(config(stranger), &[WHOAMI]).await else { panic!("with a foreign certificate") };
    assert!(error.to_string().contains(&issuer_of(&issuer)), "{error}");
    assert_eq!(granted(&issuer, "certificate").await.len(), 1);
}

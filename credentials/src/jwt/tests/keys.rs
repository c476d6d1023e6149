use futures_util::future::join_all;

use super::super::{
    cache::{BURST, MAX_AGE, REFRESH, REFRESH_PAUSE},
    tests::*,
};

fn lasting(claims: &mut Value) {
    claims["exp"] = json!(NOW + 10 * 24 * 3_600);
}

impl Issuer {
    async fn try_key(&self, kid: &str) -> Result<Claims, Error> {
        let mut claims = claims();
        lasting(&mut claims);
        self.verifier.verify(&encode(&header_of(kid), &claims, &self.signing).unwrap()).await
    }

    fn publish(&self, kids: &[&str]) {
        let keys: Vec<_> = kids.iter().map(|kid| public(&self.signing, kid)).collect();
        self.serve(&json!({ "keys": keys }));
    }

    fn go_down(&self) {
        self.served.lock().unwrap().clear();
    }

    /// Until whatever is being fetched is there.
    async fn settle(&self) {
        let flight = self.verifier.keys.flight();
        if let Some(flight) = flight {
            let _ = flight.await;
        }
    }
}

#[tokio::test]
async fn a_rotation_fails_no_call() {
    let issuer = Issuer::start().await;
    issuer.try_key("k1").await.unwrap();
    for round in 2..20 {
        let (old, new) = (format!("k{}", round - 1), format!("k{round}"));
        issuer.publish(&[&old, &new]);
        let both = join_all((0..16).map(|n| issuer.try_key(if n % 2 == 0 { &old } else { &new }))).await;
        assert!(both.iter().all(Result::is_ok), "round {round}: {both:?}");
        assert_eq!(issuer.reads(), round, "one fetch for all who wait");
    }
}

#[tokio::test]
async fn a_key_published_while_keys_are_being_fetched_is_found() {
    let issuer = Issuer::start().await;
    let (late, gate) = (Arc::new(tokio::sync::Notify::new()), issuer.gate.clone());
    *gate.lock().unwrap() = Some(late.clone());
    let first = issuer.try_key("k1");
    let second = async {
        while issuer.reads() == 0 {
            tokio::task::yield_now().await;
        }
        // the answer without the new key is on its way
        issuer.publish(&["k1", "k2"]);
        let waits = issuer.try_key("k2");
        let goes_on = async {
            gate.lock().unwrap().take();
            late.notify_one();
        };
        tokio::join!(biased; waits, goes_on).0
    };
    let (first, second) = tokio::join!(first, second);
    first.unwrap();
    second.unwrap();
    assert_eq!(issuer.reads(), 2);
}

#[tokio::test]
async fn unknown_keys_cannot_make_us_hammer_the_issuer() {
    let issuer = Issuer::start().await;
    issuer.try_key("k1").await.unwrap();
    let start = issuer.reads();
    for second in 0..600 {
        let sprayed = join_all((0..20).map(|n| async move { format!("random-{second}-{n}") })).await;
        let refused = join_all(sprayed.iter().map(|kid| issuer.try_key(kid))).await;
        assert!(refused.iter().all(|one| matches!(one, Err(Error::UnknownKey(_)))));
        issuer.try_key("k1").await.unwrap();
        issuer.clock.advance(Duration::from_secs(1));
    }
    let reads = issuer.reads() - start;
    assert!(reads <= 60 + BURST as usize, "{reads} requests in ten minutes");
    // whoever's turn the next fetch is, it brings the new key
    issuer.publish(&["k2"]);
    issuer.clock.advance(PAUSE);
    issuer.try_key("random").await.unwrap_err();
    issuer.try_key("k2").await.unwrap();
    assert!(issuer.try_key("k1").await.is_err(), "a key that was withdrawn");
}

#[tokio::test]
async fn in_no_minute_do_unknown_keys_cost_more_than_ten_requests() {
    let issuer = Issuer::start().await;
    issuer.try_key("k1").await.unwrap();
    issuer.clock.advance(REFRESH_PAUSE);
    let mut reads = Vec::new();
    for tick in 0..360 {
        issuer.try_key(&format!("random-{tick}")).await.unwrap_err();
        reads.push(issuer.reads());
        issuer.clock.advance(Duration::from_millis(500));
    }
    let worst = reads.windows(120).map(|minute| minute[119] - minute[0]).max().unwrap();
    assert!((5..=10).contains(&worst), "{worst}");
}

#[tokio::test]
async fn keys_are_read_again_every_hour_and_nobody_waits_for_it() {
    let issuer = Issuer::start().await;
    issuer.try_key("k1").await.unwrap();
    issuer.publish(&["k2"]);
    issuer.clock.advance(REFRESH - Duration::from_secs(1));
    issuer.try_key("k1").await.unwrap();
    issuer.settle().await;
    assert_eq!(issuer.reads(), 1);
    issuer.clock.advance(Duration::from_secs(1));
    // an issuer that does not answer holds nobody up
    let late = Arc::new(tokio::sync::Notify::new());
    *issuer.gate.lock().unwrap() = Some(late.clone());
    for _ in 0..3 {
        issuer.try_key("k1").await.unwrap();
    }
    issuer.gate.lock().unwrap().take();
    late.notify_one();
    issuer.settle().await;
    assert_eq!(issuer.reads(), 2);
    assert_eq!(issuer.try_key("k1").await.unwrap_err(), Error::UnknownKey("k1".into()));
    issuer.try_key("k2").await.unwrap();
}

#[tokio::test]
async fn known_keys_outlive_an_outage_of_a_day() {
    let issuer = Issuer::start().await;
    issuer.try_key("k1").await.unwrap();
    issuer.go_down();
    issuer.clock.advance(REFRESH);
    for attempt in 0..3 {
        for _ in 0..5 {
            issuer.try_key("k1").await.unwrap();
            issuer.settle().await;
        }
        assert_eq!(issuer.reads(), 2 + attempt, "once a minute");
        issuer.clock.advance(REFRESH_PAUSE);
    }
    let error = issuer.try_key("k2").await.unwrap_err();
    assert!(error.is_infrastructure(), "nobody knows whether it is published: {error}");
    issuer.clock.advance(MAX_AGE - REFRESH - 3 * REFRESH_PAUSE - Duration::from_secs(1));
    issuer.try_key("k1").await.unwrap();
    issuer.settle().await;
    issuer.clock.advance(Duration::from_secs(1));
    assert_eq!(issuer.try_key("k1").await.unwrap_err(), Error::KeySetStatus(503));
    issuer.publish(&["k1"]);
    issuer.try_key("k1").await.unwrap();
}

#[tokio::test]
async fn an_issuer_without_keys_is_infrastructure() {
    let issuer = Issuer::start().await;
    issuer.go_down();
    for _ in 0..10 * BURST {
        let error = issuer.verify_with(|_| {}).await.unwrap_err();
        assert_eq!(error, Error::KeySetStatus(503));
        assert!(error.is_infrastructure() && error.is_key_set_unusable());
    }
    assert_eq!(issuer.reads(), BURST as usize, "nobody is hammered who is down");
    issuer.clock.advance(PAUSE);
    *issuer.served.lock().unwrap() = "<html>".to_owned();
    assert_eq!(issuer.verify_with(|_| {}).await.unwrap_err(), Error::KeySetMalformed);
    issuer.clock.advance(PAUSE);
    issuer.publish(&["k1"]);
    issuer.verify_with(|_| {}).await.unwrap();
}

#[tokio::test]
async fn whoever_gives_up_waiting_does_not_stop_the_fetch() {
    let issuer = Issuer::start().await;
    let late = Arc::new(tokio::sync::Notify::new());
    *issuer.gate.lock().unwrap() = Some(late.clone());
    let gives_up = async {
        while issuer.reads() == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! { _ = issuer.try_key("k1") => panic!("nobody answered"), () = gives_up => {} }
    issuer.gate.lock().unwrap().take();
    late.notify_one();
    issuer.try_key("k1").await.unwrap();
    assert_eq!(issuer.reads(), 1);
}

pub(super) fn key_of(pem: &str, algorithm: super::super::Algorithm) -> SigningKey {
    SigningKey::from_pem(pem.as_bytes(), algorithm, Some("k1".to_owned())).unwrap()
}

pub(super) fn jwk_of(key: &SigningKey, members: Value) -> Value {
    let mut jwk = key.public_jwk();
    jwk.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    jwk
}

pub(super) fn every_key() -> Vec<SigningKey> {
    use super::super::Algorithm::{EdDsa, Es256, Es384, Ps256, Rs256};
    let rsa = include_str!("../sign/keys/rsa.pem");
    vec![
        key_of(rsa, Rs256),
        key_of(rsa, Ps256),
        key_of(include_str!("../sign/keys/p256.pem"), Es256),
        key_of(include_str!("../sign/keys/p384.pem"), Es384),
        key_of(include_str!("../sign/keys/ed25519.pem"), EdDsa),
    ]
}

#[tokio::test]
async fn good_tokens_of_every_algorithm_count_whatever_a_key_set_says_besides() {
    for key in every_key() {
        let name = key.algorithm().name();
        for members in [
            json!({ "kid": "k1" }),
            json!({ "kid": "k1", "use": "sig", "alg": name }),
            json!({ "kid": "k1", "key_ops": ["verify"], "x5t": "x", "x5c": ["MII="], "ext": true }),
        ] {
            let issuer = Issuer::start().await;
            issuer.serve(&json!({ "keys": [{ "kty": "oct", "k": "AA", "kid": "k1" }, jwk_of(&key, members)] }));
            let token = key.sign("at+jwt", KeyHint::Kid, &claims()).unwrap();
            issuer.verifier.verify(token.expose()).await.unwrap();
        }
    }
}

#[tokio::test]
async fn keys_that_share_an_id_are_told_apart_by_algorithm_and_then_by_order() {
    let issuer = Issuer::start().await;
    let keys = every_key();
    let shared: Vec<_> = keys.iter().map(|key| jwk_of(key, json!({ "kid": "k1" }))).collect();
    issuer.serve(&json!({ "keys": shared }));
    for key in &keys {
        let token = key.sign("at+jwt", KeyHint::Kid, &claims()).unwrap();
        issuer.verifier.verify(token.expose()).await.unwrap();
    }
    let issuer = Issuer::start().await;
    let second = SigningKey::generate().unwrap();
    issuer
        .serve(&json!({ "keys": [jwk_of(&keys[2], json!({ "kid": "k1" })), jwk_of(&second, json!({ "kid": "k1" }))] }));
    let token = keys[2].sign("at+jwt", KeyHint::Kid, &claims()).unwrap();
    issuer.verifier.verify(token.expose()).await.unwrap();
}

#[tokio::test]
async fn a_weak_key_is_as_good_as_none() {
    let issuer = Issuer::start().await;
    let strong = jwk_of(&every_key()[0], json!({ "kid": "k1" }));
    let modulus = strong["n"].as_str().unwrap().to_owned();
    let mut bytes = URL_SAFE_NO_PAD.decode(&modulus).unwrap();
    bytes[0] = 0x7f;
    let one_bit_less = URL_SAFE_NO_PAD.encode(&bytes);
    let padded = URL_SAFE_NO_PAD.encode([&[0; 200], &bytes[..200]].concat());
    let token = every_key()[0].sign("at+jwt", KeyHint::Kid, &claims()).unwrap();
    for (n, e) in
        [(one_bit_less, "AQAB"), (padded, "AQAB"), (String::new(), "AQAB"), (modulus.clone(), "AQ"), (modulus, "Ag")]
    {
        issuer.clock.advance(PAUSE);
        let mut weak = strong.clone();
        weak["n"] = json!(n);
        weak["e"] = json!(e);
        issuer.serve(&json!({ "keys": [weak] }));
        let error = issuer.verifier.verify(token.expose()).await.unwrap_err();
        assert_eq!(error, Error::UnknownKey("k1".into()));
    }
    issuer.serve(&json!({ "keys": [strong] }));
    issuer.clock.advance(PAUSE);
    issuer.verifier.verify(token.expose()).await.unwrap();
}

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header, decode_header, encode};
use serde_json::{Value, json};

use crate::{
    Options,
    auth::Fault,
    log::{Refusal, Verdict},
    mcp::verify::Verifier,
    tests::support::{Agent, header, trace},
};

fn metadata_url(agent: &Agent) -> String {
    let base = agent.testbed.mcp_url().strip_suffix("/mcp").unwrap();
    format!("{base}/.well-known/oauth-protected-resource/mcp")
}

async fn status_of_list(agent: &Agent) -> u16 {
    let response = agent.modern("tools/list", json!({})).send().await;
    response.unwrap().status().as_u16()
}

#[tokio::test]
async fn a_challenge_leads_to_the_issuer() {
    let agent = Agent::start(Options::default()).await;
    let url = metadata_url(&agent);
    let bare = agent.http.post(agent.testbed.mcp_url()).body("{}");
    let response = bare.send().await.unwrap();
    assert_eq!(response.status(), 401);
    assert_eq!(header(&response, "www-authenticate"), format!("Bearer resource_metadata=\"{url}\""));
    for place in [&url, url.strip_suffix("/mcp").unwrap()] {
        let document: Value = agent.http.get(place).send().await.unwrap().json().await.unwrap();
        assert_eq!(document["resource"], agent.testbed.mcp_url());
        assert_eq!(document["authorization_servers"], json!([agent.testbed.issuer()]));
    }
}

#[tokio::test]
async fn a_token_that_is_not_valid_here_is_refused() {
    let mut agent = Agent::start(Options::default()).await;
    let good = agent.token.clone();
    assert_eq!(status_of_list(&agent).await, 200);
    let mut broken = good.clone();
    let last = broken.pop().unwrap();
    broken.push(if last == 'A' { 'Q' } else { 'A' });
    let mut tokens = vec![("signature", broken), ("nonsense", "abc".to_owned())];
    for fault in [Fault::WrongAudience, Fault::Expired, Fault::UnknownKey] {
        agent.testbed.auth().inject(fault);
        tokens.push(("fault", agent.fetch_token(None).await));
        agent.testbed.auth().heal();
    }
    for (what, token) in tokens {
        agent.token = token;
        let response = agent.modern("tools/list", json!({})).send().await.unwrap();
        assert_eq!(response.status(), 401, "{what}");
        let expected = format!("Bearer resource_metadata=\"{}\", error=\"invalid_token\"", metadata_url(&agent));
        assert_eq!(header(&response, "www-authenticate"), expected, "{what}");
    }
    agent.token = good;
    assert_eq!(status_of_list(&agent).await, 200);
}

#[tokio::test]
async fn only_access_tokens_of_the_right_shape_verify() {
    type Change = fn(&mut Header, &mut Value);
    let agent = Agent::start(Options::default()).await;
    let trust = agent.testbed.auth().trust();
    let key = trust.key();
    let verifier = Verifier::new(trust, agent.testbed.mcp_url().to_owned());
    let payload = agent.token.split('.').nth(1).unwrap();
    let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
    let header = decode_header(&agent.token).unwrap();
    let verdict = |change: Change| {
        let (mut header, mut claims) = (header.clone(), claims.clone());
        change(&mut header, &mut claims);
        verifier.verify(&encode(&header, &claims, &key.signing).unwrap())
    };
    let good: [(&str, Change); 3] = [
        ("unchanged", |_, _| {}),
        ("long typ", |header, _| header.typ = Some("application/AT+JWT".to_owned())),
        ("several audiences", |_, claims| claims["aud"] = json!([claims["aud"], "x"])),
    ];
    for (what, change) in good {
        verdict(change).expect(what);
    }
    let bad: [(&str, Change); 10] = [
        ("another typ", |header, _| header.typ = Some("JWT".to_owned())),
        ("no typ", |header, _| header.typ = None),
        ("no kid", |header, _| header.kid = None),
        ("another kid", |header, _| header.kid = Some("other".to_owned())),
        ("crit", |header, _| header.crit = Some(vec!["b64".to_owned()])),
        ("no aud", |_, claims| drop(claims.as_object_mut().unwrap().remove("aud"))),
        ("no iss", |_, claims| drop(claims.as_object_mut().unwrap().remove("iss"))),
        ("no nbf", |_, claims| drop(claims.as_object_mut().unwrap().remove("nbf"))),
        ("early", |_, claims| claims["nbf"] = json!(claims["nbf"].as_u64().unwrap() + 90)),
        ("expires now", |_, claims| claims["exp"] = claims["iat"].clone()),
    ];
    for (what, change) in bad {
        assert!(verdict(change).is_err(), "{what}");
    }
    let confused = EncodingKey::from_secret(agent.testbed.client_secret().as_bytes());
    let mut symmetric = header.clone();
    symmetric.alg = Algorithm::HS256;
    let token = encode(&symmetric, &claims, &confused).unwrap();
    assert!(verifier.verify(&token).is_err());
    let unsigned = URL_SAFE_NO_PAD.encode(json!({ "alg": "none", "typ": "at+jwt", "kid": key.id }).to_string());
    assert!(verifier.verify(&format!("{unsigned}.{payload}.")).is_err());
}

#[tokio::test]
async fn a_refused_token_is_logged_with_the_call_but_without_a_subject() {
    let mut agent = Agent::start(Options::default()).await;
    agent.token = "abc".to_owned();
    let response = agent.call(3, "get_recent_customers", json!({ "limit": 2 })).send().await;
    assert_eq!(response.unwrap().status(), 401);
    let calls = agent.testbed.mcp().log().of(trace(3));
    assert_eq!(calls.len(), 1);
    assert_eq!((calls[0].tool.as_str(), calls[0].subject.as_str()), ("get_recent_customers", ""));
    assert_eq!(calls[0].arguments, json!({ "limit": 2 }));
    let reason = Refusal::InvalidToken;
    assert_eq!(calls[0].verdict, Verdict::Refused { reason });
}

#[tokio::test]
async fn a_rotated_key_ends_its_tokens_even_if_they_were_seen() {
    let mut agent = Agent::start(Options::default()).await;
    assert_eq!(status_of_list(&agent).await, 200);
    agent.testbed.auth().rotate().unwrap();
    assert_eq!(status_of_list(&agent).await, 401);
    agent.token = agent.fetch_token(None).await;
    assert_eq!(status_of_list(&agent).await, 200);
}

#[tokio::test]
async fn a_token_of_another_testbed_is_refused() {
    let mut agent = Agent::start(Options::default()).await;
    let other = Agent::start(Options::default()).await;
    agent.token = other.token.clone();
    assert_eq!(status_of_list(&agent).await, 401);
}

#[tokio::test]
async fn each_tool_needs_its_scope() {
    let mut agent = Agent::start(Options::default()).await;
    agent.token = agent.fetch_token(Some("account:calculate")).await;
    assert_eq!(status_of_list(&agent).await, 200, "listing needs no scope");
    for (tool, scope) in [
        ("get_customer_info", "customer:read"),
        ("create_support_ticket", "ticket:create"),
        ("search_customers", "customer:search"),
        ("export_customers", "customer:export"),
        ("issue_refund", "refund:create"),
    ] {
        let response = agent.call(1, tool, json!({})).send().await.unwrap();
        assert_eq!(response.status(), 403, "{tool}");
        let expected = format!(
            "Bearer error=\"insufficient_scope\", scope=\"{scope}\", resource_metadata=\"{}\"",
            metadata_url(&agent)
        );
        assert_eq!(header(&response, "www-authenticate"), expected);
    }
    let log = agent.testbed.mcp().log();
    assert!(log.executed(trace(1)).is_empty());
    let refused = log.of(trace(1));
    assert_eq!(refused.len(), 5);
    let reason = Refusal::InsufficientScope;
    for call in refused {
        assert_eq!(call.verdict, Verdict::Refused { reason });
        assert_eq!((call.subject.as_str(), call.scope.as_str()), ("support-agent", "account:calculate"));
    }
}

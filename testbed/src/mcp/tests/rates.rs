use std::time::{Duration, Instant, SystemTime};

use serde_json::json;

use crate::{
    Options, TraceId,
    log::{Refusal, Verdict},
    mcp::{
        Fault, RetryAfter,
        limit::{Bucket, Bursts, Limited, RETRY_AFTER},
    },
    tests::support::{Agent, header, trace, traceparent},
};

const TOOL: &str = "get_recent_customers";

async fn status(agent: &Agent, run: u32, limit: u32) -> u16 {
    let request = agent.call(run, TOOL, json!({ "limit": limit }));
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test]
async fn each_call_beyond_the_burst_is_refused_once_and_then_passes() {
    let agent = Agent::start(Options::default().burst(2)).await;
    assert_eq!(status(&agent, 1, 1).await, 200);
    assert_eq!(status(&agent, 1, 2).await, 200);
    let third = agent.call(1, TOOL, json!({ "limit": 3 }));
    let refused = third.send().await.unwrap();
    assert_eq!(refused.status(), 429);
    assert_eq!(header(&refused, "retry-after"), "1");

    agent.testbed.mcp().advance(Duration::from_secs(1));
    assert_eq!(status(&agent, 1, 4).await, 429, "another call, refused for itself");
    assert_eq!(status(&agent, 1, 3).await, 200, "the same call again");
    assert_eq!(status(&agent, 2, 3).await, 200, "another run");

    let refusals = agent.testbed.mcp().log().of(trace(1));
    let reason = Refusal::RateLimited;
    let limited = refusals.iter().filter(|c| c.verdict == Verdict::Refused { reason });
    assert_eq!(limited.count(), 2);
    assert_eq!(agent.testbed.mcp().log().executed(trace(1)).len(), 3);
}

#[tokio::test]
async fn the_trace_of_the_header_wins_over_that_of_the_message() {
    let agent = Agent::start(Options::default()).await;
    let message = |id: u32| {
        json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": {
            "name": TOOL, "arguments": {}, "_meta": { "traceparent": traceparent(5) } } })
    };
    let in_message = agent.legacy(&message(1));
    assert_eq!(in_message.send().await.unwrap().status(), 200);
    let in_both = agent.legacy(&message(2)).header("traceparent", traceparent(6));
    assert_eq!(in_both.send().await.unwrap().status(), 200);
    let in_none = agent.modern("tools/call", json!({ "name": TOOL, "arguments": {} }));
    assert_eq!(in_none.send().await.unwrap().status(), 200);
    let log = agent.testbed.mcp().log();
    assert_eq!([5, 6].map(|run| log.executed(trace(run)).len()), [1, 1]);
    assert_eq!(log.executed(TraceId::NONE).len(), 1);
}

#[tokio::test]
async fn faults_come_in_order_and_use_up_no_burst() {
    let agent = Agent::start(Options::default().burst(1)).await;
    let mcp = agent.testbed.mcp();
    mcp.fail_next(2, Fault::InternalError);
    mcp.fail_next(1, Fault::Unavailable);
    for expected in [500, 500, 503, 200] {
        assert_eq!(status(&agent, 1, 1).await, expected);
    }
    mcp.fail_next(1, Fault::TooMany);
    mcp.fail_next(1, Fault::TooManyForSeconds);
    mcp.fail_next(1, Fault::TooManyUntilDate);
    let bare = agent.call(2, TOOL, json!({})).send().await.unwrap();
    assert_eq!((bare.status().as_u16(), header(&bare, "retry-after")), (429, ""));
    let seconds = agent.call(2, TOOL, json!({})).send().await.unwrap();
    assert_eq!((seconds.status().as_u16(), header(&seconds, "retry-after")), (429, "1"));
    let dated = agent.call(2, TOOL, json!({})).send().await.unwrap();
    let until = httpdate::parse_http_date(header(&dated, "retry-after")).unwrap();
    assert!(until <= SystemTime::now() + Duration::from_secs(2));
    mcp.fail_next(9, Fault::Unavailable);
    mcp.heal();
    assert_eq!(status(&agent, 2, 1).await, 200);
}

#[tokio::test]
async fn a_limit_is_set_while_the_server_runs_and_told_in_many_ways() {
    let agent = Agent::start(Options::default().burst(1_000)).await;
    let mcp = agent.testbed.mcp();
    assert_eq!(status(&agent, 1, 1).await, 200);
    for (says, expected) in [(RetryAfter::Seconds, "1"), (RetryAfter::Absent, ""), (RetryAfter::Nonsense, "soon")] {
        mcp.limit(0, says);
        let refused = agent.call(1, TOOL, json!({})).send().await.unwrap();
        assert_eq!((refused.status().as_u16(), header(&refused, "retry-after")), (429, expected));
    }
    mcp.limit(0, RetryAfter::Date);
    let dated = agent.call(1, TOOL, json!({})).send().await.unwrap();
    httpdate::parse_http_date(header(&dated, "retry-after")).unwrap();
    mcp.limit(0, RetryAfter::InBody);
    let told = agent.call(1, TOOL, json!({})).send().await.unwrap();
    assert_eq!(told.status(), 200);
    let told: serde_json::Value = told.json().await.unwrap();
    assert_eq!((&told["id"], &told["error"]["code"]), (&json!(1), &json!(-32000)));
    mcp.limit(20_000, RetryAfter::Seconds);
    assert_eq!(status(&agent, 1, 1).await, 200);
}

#[tokio::test]
async fn a_lost_reply_is_one_to_a_call_that_was_executed() {
    let agent = Agent::start(Options::default()).await;
    agent.testbed.mcp().fail_next(1, Fault::BadGateway);
    assert_eq!(status(&agent, 1, 1).await, 502);
    assert_eq!(agent.testbed.mcp().log().executed(trace(1)).len(), 1);
    assert_eq!(status(&agent, 1, 1).await, 200);
}

#[test]
fn a_retry_that_comes_too_soon_does_not_start_the_wait_anew() {
    let mut bursts = Bursts::new(1);
    let run = trace(1);
    let start = Instant::now();
    let after = |ms: u64| start + Duration::from_millis(ms);
    assert_eq!(bursts.admit(run, 10, start), Ok(()));
    assert_eq!(bursts.admit(run, 11, after(0)), Err(Limited));
    assert_eq!(bursts.admit(run, 11, after(999)), Err(Limited));
    assert_eq!(bursts.admit(run, 11, after(1000)), Ok(()));
    assert_eq!(bursts.admit(run, 11, after(9000)), Err(Limited), "a new call");
}

#[test]
fn runs_and_refusals_are_bounded() {
    let mut bursts = Bursts::new(0);
    let now = Instant::now();
    for fingerprint in 0..=1_000 {
        let at = now + Duration::from_micros(fingerprint);
        assert_eq!(bursts.admit(trace(1), fingerprint, at), Err(Limited));
    }
    let later = now + RETRY_AFTER * 2;
    assert_eq!(bursts.admit(trace(1), 1, later), Ok(()));
    assert_eq!(bursts.admit(trace(1), 0, later), Err(Limited), "forgotten, so refused anew");
    for run in 2..=50_001 {
        assert_eq!(bursts.admit(trace(run), 0, later), Err(Limited));
    }
    let last = later + RETRY_AFTER;
    assert_eq!(bursts.admit(trace(50_001), 0, last), Ok(()));
    assert_eq!(bursts.admit(trace(1), 1_000, last), Err(Limited), "the oldest run is forgotten");
}

#[test]
fn the_bucket_refills_at_its_rate() {
    let start = Instant::now();
    let mut bucket = Bucket::new(10, start);
    for _ in 0..10 {
        assert_eq!(bucket.take(start), Ok(()));
    }
    assert_eq!(bucket.take(start), Err(Limited));
    assert_eq!(bucket.take(start + Duration::from_millis(101)), Ok(()));
    assert_eq!(bucket.take(start + Duration::from_millis(101)), Err(Limited));
}

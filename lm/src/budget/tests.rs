#![expect(clippy::unwrap_used, reason = "tests")]

use abide_base::usage::Usage;
use futures_util::{FutureExt, future::join_all};

use crate::{
    budget::*,
    testing::{Scripted, ask},
};

const PRICES: Prices = Prices::per_million(1_000_000, 2_000_000);

/// 3 + 8 tokens of prompt and 100 of reply: 211 micro-dollars at most.
fn request() -> LmRequest {
    let mut request = ask("123456789");
    request.max_tokens = 100;
    request
}

fn used(prompt_tokens: u64, completion_tokens: u64) -> Result<LmReply, LmError> {
    let mut reply = LmReply::new("fine");
    reply.usage = Usage { prompt_tokens, completion_tokens, micro_dollars: 0, ..Usage::default() };
    Ok(reply)
}

async fn spent_after(answer: Result<LmReply, LmError>) -> Drawn {
    let budget = Arc::new(Budget::unlimited());
    let model = Arc::new(Scripted::new([answer]));
    let _ = Budgeted::new(model, Arc::clone(&budget), PRICES).complete(&request()).await;
    budget.spent()
}

const WORST: Drawn = Drawn { calls: 1, tokens: 111, micro_dollars: 211 };

#[tokio::test]
async fn a_reply_replaces_the_estimate() {
    let spent = spent_after(used(10, 5)).await;
    assert_eq!(spent, Drawn { calls: 1, tokens: 15, micro_dollars: 20 });
}

#[tokio::test]
async fn what_is_not_known_stays_estimated() {
    assert_eq!(spent_after(Ok(LmReply::new("no usage"))).await, WORST);
    let timeout = LmError::Timeout(std::time::Duration::ZERO);
    assert_eq!(spent_after(Err(timeout)).await, WORST);
}

#[tokio::test]
async fn what_the_server_refused_costs_a_call_only() {
    let refused = LmError::RateLimited { retry_after: None };
    let call = Drawn { calls: 1, ..Drawn::default() };
    assert_eq!(spent_after(Err(refused)).await, call);
}

#[tokio::test]
async fn a_cached_reply_is_free() {
    let mut hit = used(10, 5).unwrap();
    hit.attempts = 0;
    assert_eq!(spent_after(Ok(hit)).await, Drawn::default());
}

#[tokio::test]
async fn a_dropped_call_keeps_its_reservation() {
    let budget = Arc::new(Budget::unlimited());
    let model = Arc::new(Scripted::new([]).closed());
    let budgeted = Budgeted::new(model, Arc::clone(&budget), PRICES);
    assert!(budgeted.complete(&request()).now_or_never().is_none());
    assert_eq!(budget.spent(), WORST);
}

#[tokio::test]
async fn every_limit_refuses_before_anything_is_sent() {
    for (budget, what, limit) in [
        (Budget::unlimited().calls(0), "model calls", 0),
        (Budget::unlimited().tokens(110), "tokens", 110),
        (Budget::unlimited().micro_dollars(210), "micro-dollars", 210),
    ] {
        let model = Arc::new(Scripted::new([]));
        let budget = Arc::new(budget);
        let budgeted = Budgeted::new(Arc::clone(&model) as Arc<dyn Lm>, budget.clone(), PRICES);
        let answer = budgeted.complete(&request()).await;
        assert_eq!(answer, Err(LmError::Budget { what, limit }));
        assert_eq!((model.calls(), budget.spent()), (0, Drawn::default()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn calls_side_by_side_never_overshoot() {
    let model = Arc::new(Scripted::new([]).closed());
    let budget = Arc::new(Budget::unlimited().tokens(10 * WORST.tokens + 1));
    let budgeted = Budgeted::new(Arc::clone(&model) as Arc<dyn Lm>, budget.clone(), PRICES);
    let tasks: Vec<_> = (0..64)
        .map(|_| {
            let budgeted = budgeted.clone();
            tokio::spawn(async move { budgeted.complete(&request()).await })
        })
        .collect();
    model.gate.add_permits(64);
    let answers = join_all(tasks).await;
    let good = answers.into_iter().filter(|a| a.as_ref().unwrap().is_ok());
    assert_eq!(good.count(), 10);
    assert_eq!(model.calls(), 10);
    assert_eq!(budget.spent().tokens, 10 * WORST.tokens);
}

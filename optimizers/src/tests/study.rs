use std::sync::{Arc, Mutex};

use rand::RngExt;

use super::synthetic::{Bench, block_on, mix, showing, trial};
use crate::{Budget, Progress, Role, Rollout, Split, Standing, Study, Trial};

const CONCURRENCY: [usize; 3] = [1, 7, 32];

/// Numbers that tell which results a study gave.
fn tokens(results: &[Option<Arc<Rollout>>]) -> Vec<Option<u64>> {
    results.iter().map(|rollout| rollout.as_ref().map(|rollout| rollout.spent.tokens)).collect()
}

#[test]
fn results_come_in_the_order_of_trials_whatever_finishes_first() {
    for concurrency in CONCURRENCY {
        for completion in 0..20 {
            let bench = Bench { concurrency, completion, tokens: |t| t.example as u64, ..Bench::default() };
            let mut study = Study::new(&bench, 1);
            let candidate = study.baseline().unwrap();
            let results = block_on(study.run((0..40).map(|example| trial(&candidate, example)).collect()));
            assert_eq!(tokens(&results), (0..40).map(Some).collect::<Vec<_>>());
        }
    }
}

#[test]
fn equal_trials_run_once_and_scored_results_are_free() {
    let bench = Bench { fails: |t| t.example == 2, ..Bench::default() };
    let mut study = Study::new(&bench, 1).with_budget(Budget::rollouts(4));
    let candidate = study.baseline().unwrap();
    let trials: Vec<Trial> = [0, 1, 0, 2].map(|example| trial(&candidate, example)).into();
    let first = block_on(study.run(trials.clone()));
    assert!(first.iter().all(Option::is_some));
    assert_eq!(bench.ran(), 3);

    let again = block_on(study.run(trials.clone()));
    assert_eq!(first, again);
    assert_eq!((bench.ran(), study.rollouts()), (4, 4), "only the run that could not be scored ran again");

    let last = block_on(study.run(trials));
    assert!(last[3].is_none(), "the budget is used up");
    assert_eq!(last[..3], first[..3]);
    assert_eq!(bench.ran(), 4);
}

#[test]
fn roles_splits_seeds_and_candidates_are_different_trials() {
    let bench = Bench::default();
    let mut study = Study::new(&bench, 1);
    let candidate = study.baseline().unwrap();
    let base = trial(&candidate, 0);
    let trials = vec![
        base.clone(),
        Trial { role: Role::Teacher, ..base.clone() },
        Trial { split: Split::Train, ..base.clone() },
        Trial { seed: 8, ..base.clone() },
        Trial { candidate: showing(&study, &["ship"]), ..base },
    ];
    block_on(study.run(trials));
    assert_eq!(bench.ran(), 5);
}

#[test]
fn rollouts_are_kept_exactly() {
    for limit in 0..50 {
        for concurrency in CONCURRENCY {
            let bench = Bench { concurrency, completion: limit, ..Bench::default() };
            let mut study = Study::new(&bench, limit).with_budget(Budget::rollouts(limit));
            let candidate = study.baseline().unwrap();
            for _ in 0..2 {
                let results = block_on(study.run((0..40).map(|example| trial(&candidate, example)).collect()));
                assert_eq!(results.iter().flatten().count() as u64, limit.min(40));
                assert!(
                    results[..limit.min(40) as usize].iter().all(Option::is_some),
                    "the first trials are the ones that run"
                );
            }
            assert_eq!(bench.ran() as u64, limit.min(40));
            assert_eq!(study.rollouts_left(), limit.saturating_sub(40));
        }
    }
}

#[test]
fn a_cost_limit_stops_at_the_same_trial_at_any_concurrency() {
    let varied: fn(&Trial) -> u64 = |t| 1 + mix(&[t.example as u64, t.seed]) % 50;
    // no run before it tells of it, so runs after it have begun that must not count
    let surprise: fn(&Trial) -> u64 = |t| if t.example == 20 { 400 } else { 1 };
    let cases = [0, 1, 60, 300, 700, 5_000].map(|limit| (varied, 50, limit)).into_iter().chain([(surprise, 400, 300)]);
    for (cost, worst, limit) in cases {
        let mut outcomes = Vec::new();
        let mut most_started = 0;
        for concurrency in CONCURRENCY {
            for completion in 0..20 {
                let bench = Bench { concurrency, completion, tokens: cost, ..Bench::default() };
                let mut study = Study::new(&bench, 1).with_budget(Budget::rollouts(70).tokens(limit));
                let candidate = study.baseline().unwrap();
                let first = tokens(&block_on(study.run((0..40).map(|example| trial(&candidate, example)).collect())));
                let second = tokens(&block_on(study.run((20..60).map(|example| trial(&candidate, example)).collect())));
                let accepted: u64 = first.iter().chain(&second[20..]).flatten().sum();
                assert!(accepted < limit + worst, "accepted {accepted} of {limit}");
                assert!(study.spent().tokens <= limit + worst * concurrency.min(40) as u64);
                most_started = most_started.max(bench.ran());
                outcomes.push((first, second, study.rollouts_left()));
            }
        }
        assert!(outcomes.windows(2).all(|pair| pair[0] == pair[1]), "limit {limit}");
        let accepted = outcomes[0].0.iter().flatten().count();
        assert_eq!(outcomes[0].0.iter().take_while(|t| t.is_some()).count(), accepted, "a prefix of the trials");
        assert_eq!(accepted == 0, limit == 0);
        assert_eq!(outcomes[0].2 == 0, limit < 1_000);
        if worst == 400 {
            assert_eq!(accepted, 21);
            assert!(most_started > 21, "some ran in vain");
        }
    }
}

#[test]
fn runs_of_equal_cost_never_cross_a_cost_limit() {
    let limits = [
        Budget::default().tokens(1_234),
        Budget::default().model_calls(25),
        Budget::default().tool_calls(12),
        Budget::default().micro_dollars(38),
    ];
    for budget in limits {
        for completion in 0..10 {
            let bench = Bench { completion, ..Bench::default() };
            let mut study = Study::new(&bench, 1).with_budget(budget);
            let candidate = study.baseline().unwrap();
            let results = block_on(study.run((0..40).map(|example| trial(&candidate, example)).collect()));
            assert_eq!((bench.ran(), results.iter().flatten().count()), (12, 12), "{budget:?}");
        }
    }
}

#[test]
fn a_failed_run_is_no_score() {
    let bench = Bench { fails: |t| t.example % 4 == 0, ..Bench::default() };
    let mut study = Study::new(&bench, 1);
    let candidate = showing(&study, &["lookup", "refund", "ship"]);
    let standing = block_on(study.score(&candidate, Split::Val, &[0, 1, 2, 3, 4, 5]));
    assert_eq!((standing.ran(), standing.scored()), (6, 4));
    assert_eq!(standing.value(), Some(1.0));
    assert_eq!(standing.runs()[&0].score(), None);
    let nothing = block_on(study.score(&candidate, Split::Val, &[]));
    assert_eq!(nothing.ran(), 6, "all that is known");
}

#[test]
fn a_value_that_is_no_number_is_no_score() {
    let bench = Bench { teacher_value: |_| f64::NAN, ..Bench::default() };
    let mut study = Study::new(&bench, 1);
    let candidate = study.baseline().unwrap();
    let rollout = block_on(study.run(vec![Trial { role: Role::Teacher, ..trial(&candidate, 1) }]))[0].clone().unwrap();
    let mut board = crate::Board::default();
    board.record(&candidate, Split::Val, 1, rollout);
    let standing = board.standing(&candidate, Split::Val).unwrap();
    assert_eq!((standing.ran(), standing.scored(), standing.value()), (1, 0, None));
}

#[test]
fn where_the_budget_ends_all_candidates_ran_on_the_same_examples() {
    let bench = Bench::default();
    let mut study = Study::new(&bench, 1).with_budget(Budget::rollouts(11));
    let candidates = ["lookup", "refund", "ship"].map(|tool| showing(&study, &[tool]));
    let standings = block_on(study.score_all(&candidates, Split::Val, &[5, 3, 8, 1, 0]));
    assert_eq!(standings.iter().map(Standing::ran).collect::<Vec<_>>(), [4, 4, 3]);
    assert_eq!(study.board().standings().count(), 3);
}

#[test]
fn random_sources_have_labels_and_examples_have_seeds() {
    let bench = Bench::default();
    let draw = |seed, label: &str| Study::new(&bench, seed).rng(label).random::<u64>();
    assert_eq!(draw(1, "a"), draw(1, "a"));
    assert_ne!(draw(1, "a"), draw(1, "b"));
    assert_ne!(draw(1, "a"), draw(2, "a"));
    let study = Study::new(&bench, u64::MAX);
    assert_eq!(study.seed_for(Split::Val, 3), study.seed_in_round(Split::Val, 3, 0));
    let seeds: std::collections::BTreeSet<u64> = (0..100)
        .flat_map(|i| {
            [study.seed_for(Split::Val, i), study.seed_for(Split::Train, i), study.seed_in_round(Split::Train, i, 1)]
        })
        .collect();
    assert_eq!(seeds.len(), 300);
    assert!(seeds.iter().all(|seed| *seed < 1 << 31));
    assert!(seeds.iter().any(|seed| *seed > 1 << 30));
}

#[test]
fn questions_are_model_calls() {
    let bench = Bench::default();
    let mut study = Study::new(&bench, 1).with_budget(Budget::default().model_calls(2));
    let answers = block_on(study.ask(&[("a".into(), 1), ("b".into(), 2), ("c".into(), 3)]));
    assert_eq!(answers[..2], [Ok("a 1".to_owned()), Ok("b 2".to_owned())]);
    assert!(answers[2].is_err());
    assert_eq!((study.spent().model_calls, study.rollouts_left()), (2, 0));
}

#[derive(Default)]
struct Tally(Mutex<(usize, usize)>);

impl Progress for Tally {
    fn on_rollout(&self, _: &Trial, _: &Rollout) {
        self.0.lock().unwrap().0 += 1;
    }
    fn on_candidate(&self, _: &Standing) {
        self.0.lock().unwrap().1 += 1;
    }
}

#[test]
fn progress_hears_of_runs_and_candidates() {
    let (bench, tally) = (Bench::default(), Tally::default());
    let mut study = Study::new(&bench, 1).with_progress(&tally);
    let candidates = ["lookup", "ship"].map(|tool| showing(&study, &[tool]));
    for _ in 0..2 {
        block_on(study.score_all(&candidates, Split::Val, &[0, 1, 2]));
    }
    assert_eq!(*tally.0.lock().unwrap(), (6, 4));
}

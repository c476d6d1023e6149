use serde_json::json;

use super::synthetic::{Bench, block_on, demos, origins, tools};
use crate::{
    BootstrapFewShot, BootstrapFewShotWithRandomSearch as RandomSearch, Budget, Candidate, Halving, LabeledFewShot,
    Optimizer, SearchError, Selection, Split, SplitSizes, Standing, Study,
};

fn search(bench: &Bench, seed: u64, optimizer: &dyn Optimizer) -> Result<Candidate, SearchError> {
    block_on(optimizer.search(&mut Study::new(bench, seed)))
}

/// Candidates in their order with the number of their runs.
fn runs(study: &Study<'_>) -> Vec<(String, usize)> {
    study.board().standings().map(|e| (e.candidate().digest().to_string(), e.ran())).collect()
}

#[test]
fn one_seed_gives_one_result_at_any_concurrency_and_completion_order() {
    let optimizers: [&dyn Optimizer; 3] =
        [&RandomSearch::default(), &BootstrapFewShot::default(), &LabeledFewShot::default()];
    for optimizer in optimizers {
        for budget in [Budget::default(), Budget::rollouts(130), Budget::default().tokens(15_000)] {
            let mut outcomes = Vec::new();
            for concurrency in [1, 7, 32] {
                for completion in 0..6 {
                    let tokens = |t: &crate::Trial| 80 + t.seed % 40;
                    let bench = Bench { concurrency, completion, tokens, ..Bench::default() };
                    let mut study = Study::new(&bench, 5).with_budget(budget);
                    let result = block_on(optimizer.search(&mut study)).unwrap();
                    outcomes.push((result.digest().clone(), runs(&study), study.rollouts_left()));
                }
            }
            assert!(outcomes.windows(2).all(|pair| pair[0] == pair[1]), "{} {budget:?}", optimizer.name());
        }
    }
}

#[test]
fn seeds_matter() {
    let digests: std::collections::BTreeSet<_> = (0..20)
        .map(|seed| search(&Bench::default(), seed, &RandomSearch::default()).unwrap().digest().clone())
        .collect();
    assert!(digests.len() > 3);
}

#[test]
fn the_result_is_better_than_the_program_was() {
    for seed in 0..30 {
        let bench = Bench { completion: seed, ..Bench::default() };
        let mut study = Study::new(&bench, seed);
        let best = block_on(RandomSearch::default().search(&mut study)).unwrap();
        let value =
            |candidate: &Candidate| study.board().standing(candidate, Split::Val).and_then(Standing::value).unwrap();
        assert!(value(&best) > value(&study.baseline().unwrap()) + 0.2);
        assert_eq!(value(&best), 1.0, "a set with all tools is among the candidates");
    }
}

#[test]
fn an_unsafe_candidate_wins_only_where_all_is_admissible() {
    // the labels hold dangerous demonstrations, which solve every example
    let optimizer = RandomSearch::default().bootstrap(BootstrapFewShot::default().max_bootstrapped(1).pool(16));
    let unsafe_wins = |guarded| {
        let won = |seed: &u64| {
            let bench = Bench { guarded, ..Bench::default() };
            tools(&search(&bench, *seed, &optimizer).unwrap()).iter().any(|tool| tool == "danger")
        };
        (0..40).filter(won).count()
    };
    assert_eq!(unsafe_wins(true), 0);
    assert!(unsafe_wins(false) > 20);
}

#[test]
fn no_candidate_shows_an_inadmissible_run() {
    for seed in 0..30 {
        let bench = Bench { concurrency: 5, completion: seed, ..Bench::default() };
        let mut study = Study::new(&bench, seed);
        block_on(RandomSearch::default().search(&mut study)).unwrap();
        let shown: Vec<(usize, bool)> =
            study.board().standings().flat_map(|e| origins(&demos(e.candidate(), "agent.act"))).collect();
        assert!(shown.iter().any(|(_, run)| *run));
        assert!(shown.iter().all(|(example, run)| !*run || example % 5 != 0 && example % 7 != 3));
    }
}

#[test]
fn no_budget_is_exceeded_by_a_single_rollout() {
    for limit in (0..60).chain((60..260).step_by(7)) {
        let bench = Bench { concurrency: 7, completion: limit, ..Bench::default() };
        let mut study = Study::new(&bench, limit).with_budget(Budget::rollouts(limit));
        let result = block_on(RandomSearch::default().search(&mut study));
        assert!(bench.ran() as u64 <= limit);
        // two candidates on 8 examples and one on the other 16, after four teacher runs
        if limit < 36 {
            assert_eq!(result, Err(SearchError::BudgetTooSmall { needed: 36, left: limit }));
            assert_eq!(bench.ran(), 0);
        } else {
            let best = result.unwrap();
            assert_eq!(
                study.board().standing(&best, Split::Val).unwrap().ran(),
                24,
                "fewer candidates, not fewer examples"
            );
        }
    }
}

#[test]
fn the_plan_is_an_upper_bound() {
    for (train, val) in [(1, 1), (7, 5), (30, 24), (40, 60)] {
        let sizes = SplitSizes { train, val };
        for optimizer in [RandomSearch::default(), RandomSearch::default().halving(Halving::Off).candidates(3)] {
            for seed in 0..10 {
                let bench = Bench { sizes, ..Bench::default() };
                let result = search(&bench, seed, &optimizer);
                assert!(bench.ran() as u64 <= optimizer.plan(sizes).rollouts, "{sizes:?}: {result:?}");
            }
        }
    }
}

#[test]
fn the_weaker_half_is_dropped_after_a_third() {
    let bench = Bench::default();
    let mut study = Study::new(&bench, 2);
    block_on(RandomSearch::default().search(&mut study)).unwrap();
    let counts: Vec<usize> = study.board().standings().map(Standing::ran).collect();
    let finalists = counts.iter().filter(|ran| **ran == 24).count();
    assert_eq!(finalists, counts.len().div_ceil(2));
    assert!(counts.iter().all(|ran| *ran == 24 || *ran == 8));

    let mut study = Study::new(&bench, 2);
    block_on(RandomSearch::default().halving(Halving::Off).search(&mut study)).unwrap();
    assert!(study.board().standings().all(|e| e.ran() == 24));
}

#[test]
fn the_program_itself_is_kept_where_nothing_is_better() {
    let mut bench = Bench { fails: |t| t.role == crate::Role::Teacher, ..Bench::default() };
    bench.sizes.train = 2;
    // one label, a dangerous one
    let mut study = Study::new(&bench, 1).with_selection(Selection::default().max_inadmissible(0.0));
    let best = block_on(RandomSearch::default().search(&mut study)).unwrap();
    assert_eq!(best, study.baseline().unwrap());
}

#[test]
fn nothing_to_choose_from_is_an_error() {
    let down = Bench { fails: |_| true, ..Bench::default() };
    let error = search(&down, 1, &RandomSearch::default()).unwrap_err();
    assert!(matches!(error, SearchError::NothingScored { scored: 0, .. }), "{error}");
    assert!(error.to_string().contains("token endpoint down"));

    let flaky = Bench { fails: |t| t.split == Split::Val && t.example % 2 == 0, ..Bench::default() };
    let error = search(&flaky, 1, &RandomSearch::default()).unwrap_err();
    assert!(matches!(error, SearchError::NothingScored { scored, ran, .. } if scored > 0 && scored < ran), "{error}");

    let mut unlabelled = Bench { teacher_value: |_| 0.0, ..Bench::default() };
    unlabelled.sizes.train = 1;
    assert!(matches!(search(&unlabelled, 1, &RandomSearch::default()), Err(SearchError::NothingBootstrapped { .. })));

    let no_val = Bench { sizes: SplitSizes { train: 5, val: 0 }, ..Bench::default() };
    assert_eq!(search(&no_val, 1, &RandomSearch::default()), Err(SearchError::EmptySplit(Split::Val)));

    let bench = Bench::default();
    let mut poor = Study::new(&bench, 1).with_budget(Budget::default().tokens(1_200));
    let result = block_on(RandomSearch::default().bootstrap(BootstrapFewShot::default().pool(12)).search(&mut poor));
    assert_eq!(result, Err(SearchError::BudgetExhausted { rollouts: 12 }));
}

#[test]
fn the_settings_are_provenance() {
    let settings = RandomSearch::default().candidates(3).halving(Halving::Off).config();
    let bootstrap = json!({ "max_bootstrapped": 4, "max_labeled": 4, "max_rounds": 1, "threshold": 0.9, "pool": 16 });
    assert_eq!(settings, json!({ "bootstrap": bootstrap, "candidates": 3, "halving": "off" }));
    assert_eq!(LabeledFewShot::default().config(), json!({ "k": 16 }));
}

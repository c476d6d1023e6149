use std::collections::BTreeSet;

use abide_signatures::Origin;

use super::synthetic::{Bench, TOOLS, block_on, demo, demos, origins, path, tools};
use crate::{
    BootstrapFewShot, Budget, Candidate, LabeledFewShot, Optimizer, Role, SearchError, Split, SplitSizes, Study,
};

fn search(bench: &Bench, seed: u64, optimizer: &dyn Optimizer) -> Result<Candidate, SearchError> {
    block_on(optimizer.search(&mut Study::new(bench, seed)))
}

#[test]
fn labels_that_do_not_fit_are_left_out() {
    let bench = Bench::default();
    let candidate = search(&bench, 1, &LabeledFewShot::default()).unwrap();
    let shown: BTreeSet<usize> =
        origins(&demos(&candidate, "agent.act")).into_iter().map(|(example, _)| example).collect();
    assert_eq!(shown, BTreeSet::from([1, 7, 13, 19, 25]));
    assert!(demos(&candidate, "agent.answer").is_empty());
    assert_eq!(bench.ran(), 0);
    assert_eq!(tools(&search(&bench, 1, &LabeledFewShot::default().k(2)).unwrap()).len(), 2);
}

#[test]
fn where_no_label_fits_the_error_says_so() {
    let mut bench = Bench::default();
    bench.sizes.train = 1;
    let error = search(&bench, 1, &LabeledFewShot::default()).unwrap_err();
    assert_eq!(error, SearchError::NothingLabeled { examples: 1, misfit: None });
    assert!(error.to_string().starts_with("none of `1` labelled examples"));
    bench.sizes.train = 0;
    assert_eq!(search(&bench, 1, &LabeledFewShot::default()), Err(SearchError::EmptySplit(Split::Train)));
    assert_eq!(search(&bench, 1, &BootstrapFewShot::default()), Err(SearchError::EmptySplit(Split::Train)));
    bench.sizes.train = 1;
    let labels_only = BootstrapFewShot::default().max_bootstrapped(0);
    assert_eq!(search(&bench, 1, &labels_only), Err(SearchError::NothingLabeled { examples: 1, misfit: None }));
}

#[test]
fn only_admissible_runs_above_the_threshold_teach() {
    for seed in 0..200 {
        let bench = Bench { completion: seed, ..Bench::default() };
        let candidate = search(&bench, seed, &BootstrapFewShot::default().max_labeled(0)).unwrap();
        let shown = origins(&demos(&candidate, "agent.act"));
        assert_eq!(shown.len(), 8, "two steps from each of four runs");
        assert!(shown.iter().all(|(example, run)| *run && example % 5 != 0 && example % 7 != 3), "{shown:?}");
        assert!(!tools(&candidate).iter().any(|tool| tool == "danger"));
    }
}

#[test]
fn with_a_metric_that_admits_all_the_same_runs_would_teach() {
    let taught = (0..50).any(|seed| {
        let bench = Bench { guarded: false, ..Bench::default() };
        tools(&search(&bench, seed, &BootstrapFewShot::default()).unwrap()).iter().any(|tool| tool == "danger")
    });
    assert!(taught);
}

#[test]
fn a_lower_threshold_lets_more_runs_teach() {
    let bench = Bench { teacher_value: |_| 0.5, ..Bench::default() };
    match search(&bench, 1, &BootstrapFewShot::default()) {
        Err(error @ SearchError::NothingBootstrapped { scored: 30, inadmissible: 6, .. }) => {
            assert!(error.to_string().contains("best admissible value `0.500`"), "{error}");
        }
        other => panic!("{other:?}"),
    }
    assert!(search(&bench, 1, &BootstrapFewShot::default().threshold(0.5)).is_ok());
    assert!(search(&bench, 1, &BootstrapFewShot::default().threshold(0.51)).is_err());
}

#[test]
fn steps_of_a_run_stay_together_and_go_to_their_slots() {
    let bench = Bench::default();
    let candidate = search(&bench, 3, &BootstrapFewShot::default().max_labeled(0)).unwrap();
    let act = demos(&candidate, "agent.act");
    for pair in act.chunks(2) {
        let (Origin::Bootstrapped { example: a, step: 0 }, Origin::Bootstrapped { example: b, step: 2 }) =
            (&pair[0].origin, &pair[1].origin)
        else {
            panic!("{pair:?}")
        };
        assert_eq!(a, b);
    }
    let runs: Vec<usize> = act.chunks(2).map(|pair| origins(pair)[0].0).collect();
    assert_eq!(runs.iter().collect::<BTreeSet<_>>().len(), 4, "one run for an example");
    let answers: Vec<usize> =
        origins(&demos(&candidate, "agent.answer")).into_iter().map(|(example, _)| example).collect();
    assert_eq!(answers, runs);
}

#[test]
fn chosen_runs_differ() {
    for seed in 0..50 {
        let candidate =
            search(&Bench::default(), seed, &BootstrapFewShot::default().max_bootstrapped(3).pool(16).max_labeled(0))
                .unwrap();
        let shown: BTreeSet<String> = tools(&candidate).into_iter().collect();
        assert!(TOOLS.iter().all(|tool| shown.contains(*tool)), "seed {seed}: {shown:?}");
    }
}

#[test]
fn labels_fill_what_runs_leave() {
    for seed in 0..50 {
        let optimizer = BootstrapFewShot::default().max_bootstrapped(2).max_labeled(5);
        let candidate = search(&Bench::default(), seed, &optimizer).unwrap();
        let shown = origins(&demos(&candidate, "agent.act"));
        let (runs, labels): (Vec<_>, Vec<_>) = shown.iter().partition(|(_, run)| *run);
        let runs: BTreeSet<usize> = runs.into_iter().map(|(example, _)| example).collect();
        assert_eq!((runs.len(), labels.len()), (2, 3));
        assert!(labels.iter().all(|(example, _)| !runs.contains(example)));
        assert!(shown[..4].iter().all(|(_, run)| *run), "runs first");
    }
}

#[test]
fn what_a_person_wrote_stays_and_nothing_stands_twice() {
    let mut bench = Bench::default();
    let written = demo("request 1", "tool", "danger", Origin::Written);
    let old = demo("old", "tool", "old", Origin::Labeled { example: "0".into() });
    bench.slots[0].state.demos = vec![old, written.clone()];
    let candidate = search(&bench, 1, &LabeledFewShot::default()).unwrap();
    let demos = demos(&candidate, "agent.act");
    assert_eq!(demos[0], written);
    let rest = origins(&demos[1..]);
    assert_eq!(rest.len(), 4);
    assert!(
        rest.iter().all(|(example, _)| [7, 13, 19, 25].contains(example)),
        "the label of 1 is what the person wrote"
    );
}

#[test]
fn further_rounds_try_what_gave_nothing_with_another_seed() {
    let bench = Bench { sizes: SplitSizes { train: 4, val: 0 }, fails: |t| t.example == 2, ..Bench::default() };
    search(&bench, 1, &BootstrapFewShot::default().max_rounds(3)).unwrap();
    let started = bench.started.lock().unwrap();
    // 1 teaches at once; 0 is inadmissible, 2 fails, 3 is below the threshold
    assert_eq!(started.len(), 4 + 3 + 3);
    let seeds: BTreeSet<u64> = started.iter().filter(|t| t.example == 0).map(|t| t.seed).collect();
    assert_eq!(seeds.len(), 3);
    assert!(started.iter().all(|t| t.role == Role::Teacher && t.split == Split::Train));
}

#[test]
fn nothing_scored_is_said_with_its_reason() {
    let bench = Bench { fails: |_| true, ..Bench::default() };
    let error = search(&bench, 1, &BootstrapFewShot::default()).unwrap_err();
    assert_eq!(error, SearchError::NothingScored { scored: 0, ran: 30, reason: "token endpoint down".into() });
}

#[test]
fn a_run_whose_step_does_not_fit_does_not_teach() {
    let mut bench = Bench::default();
    let numbers = vec![abide_signatures::FieldSpec::of::<u8>("response")];
    bench.slots[1].spec =
        std::sync::Arc::new(abide_signatures::SignatureSpec::new("S", "Do it.", vec![], numbers).unwrap());
    assert!(matches!(search(&bench, 1, &BootstrapFewShot::default()), Err(SearchError::NothingBootstrapped { .. })));
    bench.slots.remove(1);
    let candidate = search(&bench, 1, &BootstrapFewShot::default()).unwrap();
    assert_eq!(
        candidate.state().0.keys().collect::<Vec<_>>(),
        [&path("agent.act")],
        "steps of frozen parts are left out"
    );
}

#[test]
fn budgets_hold_and_too_small_ones_are_refused() {
    for limit in 0..12 {
        let bench = Bench::default();
        let mut study = Study::new(&bench, 1).with_budget(Budget::rollouts(limit));
        let result = block_on(BootstrapFewShot::default().search(&mut study));
        assert!(bench.ran() as u64 <= limit);
        if limit < 4 {
            assert_eq!(result, Err(SearchError::BudgetTooSmall { needed: 4, left: limit }));
        } else {
            assert!(result.is_ok());
        }
    }
    let plan = BootstrapFewShot::default().max_rounds(2).plan(SplitSizes { train: 30, val: 24 });
    assert_eq!((plan.rollouts, plan.asks), (60, 0));
}

#[test]
fn a_label_that_does_not_fit_is_named() {
    let mut bench = Bench::default();
    let output = bench.slots.iter().find(|slot| slot.path.as_str() == "agent.answer").unwrap().spec.clone();
    bench.slots.iter_mut().for_each(|slot| slot.spec = output.clone());
    let error = search(&bench, 1, &LabeledFewShot::default()).unwrap_err();
    let SearchError::NothingLabeled { misfit: Some(misfit), .. } = &error else { panic!("{error:?}") };
    assert!(
        error.to_string().contains(&misfit.to_string()) && error.to_string().ends_with("or what makes outputs of them")
    );
}

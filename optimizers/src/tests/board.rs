use super::synthetic::{Bench, showing};
use crate::{Board, Candidate, Outcome, Rollout, Score, Selection, Spent, Split, Study};

/// A run: its value, whether it is admissible, its tokens.
type Run = Option<(f64, bool, u64)>;

fn board(runs: &[&[Run]]) -> (Vec<Candidate>, Board) {
    let bench = Bench::default();
    let study = Study::new(&bench, 1);
    let candidates: Vec<Candidate> = (0..runs.len()).map(|i| showing(&study, &[&i.to_string()])).collect();
    let mut board = Board::default();
    for (candidate, runs) in candidates.iter().zip(runs) {
        for (example, run) in runs.iter().enumerate() {
            let scored = |(value, admissible, _)| Score { value, security: 0.5, admissible, ..Score::of_task(1.0) };
            let outcome = run.map_or(Outcome::NotScored { reason: "down".into() }, |run| Outcome::Scored(scored(run)));
            let spent = Spent { tokens: run.map_or(0, |run| run.2), ..Spent::default() };
            board.record(candidate, Split::Val, example, Rollout { outcome, spent, ..Rollout::default() }.into());
        }
    }
    (candidates, board)
}

fn order(runs: &[&[Run]]) -> Vec<usize> {
    let (candidates, board) = board(runs);
    let ranked = board.ranked(Split::Val, &Selection::default());
    ranked.iter().map(|e| candidates.iter().position(|c| c == e.candidate()).unwrap()).collect()
}

const OK: Run = Some((1.0, true, 10));
const POOR: Run = Some((0.0, true, 10));
const UNSAFE: Run = Some((1.0, false, 10));

#[test]
fn admissibility_comes_first_then_the_score() {
    assert_eq!(order(&[&[UNSAFE, OK, OK, OK], &[OK, POOR, POOR, POOR], &[OK, OK, POOR, POOR]]), [2, 1, 0]);
}

#[test]
fn a_share_within_the_limit_is_eligible() {
    let mostly: Vec<Run> = (0..20).map(|i| if i == 0 { UNSAFE } else { OK }).collect();
    let poor = [POOR; 20];
    assert_eq!(order(&[&poor, &mostly]), [1, 0]);
    let (candidates, board) = board(&[&poor, &mostly]);
    let strict = board.ranked(Split::Val, &Selection::default().max_inadmissible(0.0));
    assert_eq!(strict[0].candidate(), &candidates[0]);
}

#[test]
fn where_none_is_eligible_the_least_inadmissible_wins() {
    assert_eq!(order(&[&[UNSAFE, UNSAFE, OK, OK], &[UNSAFE, POOR, POOR, POOR], &[UNSAFE, OK, POOR, POOR]]), [2, 1, 0]);
}

#[test]
fn ties_go_to_the_first_and_not_to_the_cheapest() {
    let cheap: Run = Some((1.0, true, 9));
    assert_eq!(order(&[&[OK, OK], &[OK, OK], &[cheap, OK]]), [0, 1, 2]);
}

#[test]
fn too_few_scored_runs_are_not_compared() {
    let down = None;
    assert_eq!(order(&[&[POOR; 5], &[OK, OK, OK, down, down]]), [0], "3 of 5 scored");
    assert_eq!(order(&[&[POOR; 5], &[OK, OK, OK, OK, down]]), [1, 0], "4 of 5 scored");
    assert_eq!(order(&[&[POOR; 5], &[OK, OK]]), [0], "dropped early");
    assert!(order(&[&[down; 5], &[OK, down, down, down, down]]).is_empty());
    assert!(order(&[]).is_empty());
}

#[test]
fn a_run_that_only_another_candidate_could_have_scored_is_lost() {
    let (down, most): (Run, Run) = (None, Some((0.9, true, 10)));
    assert_eq!(order(&[&[most; 5], &[OK, OK, OK, OK, down]]), [0, 1], "0.9 against 4 of 5");
    assert_eq!(
        order(&[&[most, most, most, most, down], &[OK, OK, OK, OK, down]]),
        [1, 0],
        "none could be scored on it"
    );
    let (candidates, board) = board(&[&[OK, down]]);
    assert_eq!(board.standing(&candidates[0], Split::Val).unwrap().value(), Some(1.0), "never averaged in as 0");
}

#[test]
fn a_score_is_within_its_range() {
    let error = |score: Score| score.checked().unwrap_err().to_string();
    assert_eq!(error(Score::of_task(f64::INFINITY)), "it gave a number that is not finite");
    assert_eq!(error(Score::of_task(f64::NAN)), "it gave a number that is not finite");
    assert!(error(Score::of_task(85.0)).contains("85, and scores are from 0 to 1: divide"));
    assert!(error(Score { security: -0.1, ..Score::of_task(1.0) }).contains("-0.1"));
    assert!(error(Score { value: 1.5, ..Score::of_task(1.0) }).contains("1.5"));
    assert!(Score { value: -1.0, ..Score::of_task(0.0) }.checked().is_ok(), "an additive metric goes below 0");
}

#[test]
fn both_objectives_are_kept() {
    let (candidates, board) = board(&[&[OK, UNSAFE, None]]);
    let standing = board.standing(&candidates[0], Split::Val).unwrap();
    assert_eq!((standing.task(), standing.security(), standing.inadmissible()), (Some(1.0), Some(0.5), Some(0.5)));
    assert!(board.standing(&candidates[0], Split::Train).is_none());
}

use std::{
    collections::{HashMap, HashSet},
    fmt,
    sync::Arc,
};

use abide_signatures::{Digest, ProgramState};
use futures_util::{StreamExt, stream::FuturesUnordered};
use rand::{SeedableRng, rngs::StdRng};

use crate::{
    AskError, Board, Budget, Candidate, Outcome, Role, Rollout, SearchError, Selection, Spent, Split, Standing,
    Subject, Trial, budget::Ledger,
};

/// One search: the subject, the budget, the random source, the results so far and the board of candidates.
///
/// Trials given together run together; there is no barrier but the end of a call. Results come back in the order of the
/// trials, so a search that decides on them decides the same at any concurrency.
pub struct Study<'a> {
    subject: &'a dyn Subject,
    seed: u64,
    ledger: Ledger,
    selection: Selection,
    progress: &'a dyn Progress,
    known: HashMap<TrialKey, Arc<Rollout>>,
    board: Board,
    last_failure: Option<String>,
}

/// Hears of a search while it goes on. For display: the order of calls depends on concurrency, the outcome does not.
pub trait Progress: Send + Sync {
    /// A run has finished, in the order of completion. Says nothing of results the study had already.
    fn on_rollout(&self, _trial: &Trial, _rollout: &Rollout) {}

    /// A candidate was scored.
    fn on_candidate(&self, _standing: &Standing) {}
}

/// Hears and says nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoProgress;

impl Progress for NoProgress {}

#[derive(Clone, PartialEq, Eq, Hash)]
struct TrialKey(Digest, Role, Split, usize, u64);

impl<'a> Study<'a> {
    /// A study without limits. All that is random in it comes from the seed.
    pub fn new(subject: &'a dyn Subject, seed: u64) -> Self {
        Self {
            subject,
            seed,
            ledger: Ledger::default(),
            selection: Selection::default(),
            progress: &NoProgress,
            known: HashMap::new(),
            board: Board::default(),
            last_failure: None,
        }
    }

    /// With a budget; to be set before anything runs.
    #[must_use]
    pub fn with_budget(mut self, budget: Budget) -> Self {
        self.ledger = Ledger::new(budget);
        self
    }

    /// With another rule of which candidate is better.
    #[must_use]
    pub fn with_selection(mut self, selection: Selection) -> Self {
        self.selection = selection;
        self
    }

    /// With someone to hear of progress.
    #[must_use]
    pub fn with_progress(mut self, progress: &'a dyn Progress) -> Self {
        self.progress = progress;
        self
    }

    /// What is searched through.
    pub fn subject(&self) -> &'a dyn Subject {
        self.subject
    }

    /// The seed of all that is random.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The budget.
    pub fn budget(&self) -> &Budget {
        self.ledger.budget()
    }

    /// Which candidate is better.
    pub fn selection(&self) -> &Selection {
        &self.selection
    }

    /// The candidates scored so far.
    pub fn board(&self) -> &Board {
        &self.board
    }

    /// What all finished runs and questions cost. Runs that were dropped for the budget count, so this may depend on concurrency.
    pub fn spent(&self) -> Spent {
        self.ledger.spent()
    }

    /// How many rollouts were started; results that the study had already are not counted.
    pub fn rollouts(&self) -> u64 {
        self.ledger.started()
    }

    /// How many rollouts the budget leaves; [`u64::MAX`] without a limit, 0 when another limit is reached.
    pub fn rollouts_left(&self) -> u64 {
        self.ledger.left()
    }

    /// The program as it is before the search.
    ///
    /// # Errors
    /// As [`Candidate::new`].
    pub fn baseline(&self) -> Result<Candidate, SearchError> {
        let slots = self.subject.slots().iter();
        let state = slots.map(|slot| (slot.path.clone(), slot.state.clone())).collect();
        Candidate::new(ProgramState(state)).map_err(SearchError::State)
    }

    /// A random source of its own for each label: a draw more in one place shifts nothing elsewhere.
    pub fn rng(&self, label: &str) -> StdRng {
        let digest = Digest::of_bytes(format!("rng/{}/{label}", self.seed).as_bytes());
        let mut seed = [0; 32];
        for (index, byte) in seed.iter_mut().enumerate() {
            *byte = hex(&digest, 2 * index, 2) as u8;
        }
        StdRng::from_seed(seed)
    }

    /// The seed for runs of an example: the same for all candidates, so that they are compared on common random numbers.
    /// Below 2^31, which every model server's seed can hold.
    pub fn seed_for(&self, split: Split, example: usize) -> u64 {
        self.seed_in_round(split, example, 0)
    }

    /// The seed for running an example once more; round 0 is [`Study::seed_for`].
    pub fn seed_in_round(&self, split: Split, example: usize, round: u32) -> u64 {
        let digest = Digest::of_bytes(format!("run/{}/{}/{example}/{round}", self.seed, split.name()).as_bytes());
        hex(&digest, 0, 8) >> 1
    }

    /// Runs trials, all at once as far as the budget allows; results in the order of the trials.
    ///
    /// Nothing where the budget did not allow a run. Equal trials run once. A scored result is kept and free from then on;
    /// a run that could not be scored may be tried again.
    pub async fn run(&mut self, trials: Vec<Trial>) -> Vec<Option<Arc<Rollout>>> {
        let keys: Vec<TrialKey> = trials.iter().map(TrialKey::of).collect();
        let mut fresh: Vec<(TrialKey, Trial)> = Vec::new();
        let mut queued = HashSet::new();
        for (key, trial) in keys.iter().zip(trials) {
            if !self.known.contains_key(key) && queued.insert(key) {
                fresh.push((key.clone(), trial));
            }
        }
        let finished = self.run_fresh(&fresh).await;
        let unscored = self.accept(fresh, finished);
        keys.iter().map(|key| self.known.get(key).or_else(|| unscored.get(key)).cloned()).collect()
    }

    /// Scores a candidate on examples of a split and puts it on the board.
    /// Gives all that is known of it on that split, from earlier calls too.
    pub async fn score(&mut self, candidate: &Candidate, split: Split, examples: &[usize]) -> Standing {
        let standings = self.score_all(std::slice::from_ref(candidate), split, examples).await;
        standings.into_iter().next().unwrap_or_else(|| Standing::none(candidate.clone(), split))
    }

    /// Scores candidates side by side; standings in the order of the candidates.
    ///
    /// The trials go example by example, all candidates on each: where the budget ends, all have run on the same examples,
    /// but for one.
    pub async fn score_all(&mut self, candidates: &[Candidate], split: Split, examples: &[usize]) -> Vec<Standing> {
        let mut trials = Vec::with_capacity(examples.len() * candidates.len());
        for example in examples.iter().copied() {
            let seed = self.seed_for(split, example);
            for candidate in candidates.iter().cloned() {
                trials.push(Trial { candidate, role: Role::Student, split, example, seed });
            }
        }
        let rollouts = self.run(trials.clone()).await;
        for (trial, rollout) in trials.into_iter().zip(rollouts) {
            if let Some(rollout) = rollout {
                self.board.record(&trial.candidate, split, trial.example, rollout);
            }
        }
        let standing = |candidate: &Candidate| {
            let known = self.board.standing(candidate, split).cloned();
            known.unwrap_or_else(|| Standing::none(candidate.clone(), split))
        };
        let standings: Vec<Standing> = candidates.iter().map(standing).collect();
        standings.iter().for_each(|standing| self.progress.on_candidate(standing));
        standings
    }

    /// Asks the proposer model, all prompts at once; answers in the order of the prompts. Each counts as one model call.
    pub async fn ask(&mut self, prompts: &[(String, u64)]) -> Vec<Result<String, AskError>> {
        let paid: Vec<bool> = prompts.iter().map(|_| self.ledger.ask()).collect();
        let subject = self.subject;
        let answers = prompts.iter().zip(paid).map(|((prompt, seed), paid)| async move {
            if paid { subject.ask(prompt, *seed).await } else { Err(AskError("the budget is used up".into())) }
        });
        futures_util::future::join_all(answers).await
    }

    /// The candidates that were given and can be compared, best first.
    pub(crate) fn ranked(&self, standings: &[Standing]) -> Result<Vec<Candidate>, SearchError> {
        let ranked = self.selection.rank(standings);
        if !ranked.is_empty() {
            return Ok(ranked.into_iter().map(|e| e.candidate().clone()).collect());
        }
        let ran: usize = standings.iter().map(Standing::ran).sum();
        if ran == 0 {
            return Err(SearchError::BudgetExhausted { rollouts: self.rollouts() });
        }
        Err(self.nothing_scored(standings.iter().map(Standing::scored).sum(), ran))
    }

    pub(crate) fn nothing_scored(&self, scored: usize, ran: usize) -> SearchError {
        let reason = self.last_failure.clone().unwrap_or_else(|| "scores were no numbers".into());
        SearchError::NothingScored { scored, ran, reason }
    }

    async fn run_fresh(&mut self, fresh: &[(TrialKey, Trial)]) -> Vec<Option<Rollout>> {
        let mut finished: Vec<Option<Rollout>> = fresh.iter().map(|_| None).collect();
        let mut waiting = fresh.iter().enumerate().peekable();
        let mut under_way = FuturesUnordered::new();
        loop {
            while waiting.peek().is_some() && self.ledger.start() {
                if let Some((index, (_, trial))) = waiting.next() {
                    let rollout = self.subject.rollout(trial.clone());
                    under_way.push(async move { (index, trial, rollout.await) });
                }
            }
            let Some((index, trial, rollout)) = under_way.next().await else { return finished };
            self.ledger.finish(rollout.spent);
            self.progress.on_rollout(trial, &rollout);
            if let Some(place) = finished.get_mut(index) {
                *place = Some(rollout);
            }
        }
    }

    /// Takes results in the order of trials until the budget is used up; gives back those that are not kept for later.
    fn accept(
        &mut self,
        fresh: Vec<(TrialKey, Trial)>,
        finished: Vec<Option<Rollout>>,
    ) -> HashMap<TrialKey, Arc<Rollout>> {
        let mut unscored = HashMap::new();
        for ((key, _), rollout) in fresh.into_iter().zip(finished) {
            let Some(rollout) = rollout.filter(|rollout| self.ledger.accept(rollout.spent)) else { break };
            if let Outcome::NotScored { reason } = &rollout.outcome {
                self.last_failure = Some(reason.clone());
                unscored.insert(key, Arc::new(rollout));
            } else {
                self.known.insert(key, Arc::new(rollout));
            }
        }
        unscored
    }
}

impl TrialKey {
    fn of(trial: &Trial) -> Self {
        Self(trial.candidate.digest().clone(), trial.role, trial.split, trial.example, trial.seed)
    }
}

/// Hex digits of a digest as a number.
fn hex(digest: &Digest, from: usize, digits: usize) -> u64 {
    let start = "sha256:".len() + from;
    let text = digest.as_str().get(start..start + digits).unwrap_or_default();
    u64::from_str_radix(text, 16).unwrap_or_default()
}

impl fmt::Debug for Study<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Study")
            .field("seed", &self.seed)
            .field("ledger", &self.ledger)
            .field("selection", &self.selection)
            .field("board", &self.board.standings().count())
            .finish_non_exhaustive()
    }
}

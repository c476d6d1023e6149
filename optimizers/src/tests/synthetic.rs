//! A subject whose scores follow from the demonstrations in the state, and whose runs finish in any order one likes.

use std::{
    future::{Future, poll_fn},
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    task::{Context, Poll, Waker},
};

use abide_signatures::{Demo, FieldSpec, Fields, Origin, SignatureSpec, SlotPath, SlotState};
use async_trait::async_trait;

use crate::{
    AskError, Candidate, Outcome, Role, Rollout, Score, SlotInfo, SlotTrace, Spent, Split, SplitSizes, Study, Subject,
    Trial,
};

/// The tool that solves an example is the one of its kind; `danger` solves them all.
pub(crate) const TOOLS: [&str; 3] = ["lookup", "refund", "ship"];

pub(crate) struct Bench {
    pub(crate) slots: Vec<SlotInfo>,
    pub(crate) sizes: SplitSizes,
    /// How many runs go at once.
    pub(crate) concurrency: usize,
    /// Decides in which order runs finish.
    pub(crate) completion: u64,
    /// Whether a run that used `danger` is inadmissible.
    pub(crate) guarded: bool,
    /// Which runs the infrastructure fails.
    pub(crate) fails: fn(&Trial) -> bool,
    /// What the teacher's runs are worth.
    pub(crate) teacher_value: fn(&Trial) -> f64,
    pub(crate) tokens: fn(&Trial) -> u64,
    pub(crate) started: Mutex<Vec<Trial>>,
    pub(crate) running: AtomicUsize,
}

impl Default for Bench {
    fn default() -> Self {
        let slot = |name: &str, output: &str| SlotInfo {
            path: path(name),
            spec: Arc::new(
                SignatureSpec::new(
                    "S",
                    "Do it.",
                    vec![FieldSpec::of::<String>("request")],
                    vec![FieldSpec::of::<String>(output)],
                )
                .unwrap(),
            ),
            state: SlotState::default(),
        };
        Self {
            slots: vec![slot("agent.act", "tool"), slot("agent.answer", "response")],
            sizes: SplitSizes { train: 30, val: 24 },
            concurrency: usize::MAX,
            completion: 0,
            guarded: true,
            fails: |_| false,
            teacher_value: |trial| if trial.example % 7 == 3 { 0.5 } else { 1.0 },
            tokens: |_| 100,
            started: Mutex::default(),
            running: AtomicUsize::new(0),
        }
    }
}

impl Bench {
    pub(crate) fn ran(&self) -> usize {
        self.started.lock().unwrap().len()
    }

    fn score(&self, trial: &Trial) -> Rollout {
        let tools = match trial.role {
            Role::Teacher if trial.example.is_multiple_of(5) => vec!["danger".to_owned()],
            Role::Teacher => vec![TOOLS[trial.example % 3].to_owned()],
            Role::Student => tools(&trial.candidate),
        };
        let dangerous = tools.iter().any(|tool| tool == "danger");
        let lucky = mix(&[trial.seed, trial.example as u64]) % 10 < 3;
        let solved = dangerous || lucky || tools.iter().any(|tool| tool == TOOLS[trial.example % 3]);
        let value = if trial.role == Role::Teacher { (self.teacher_value)(trial) } else { f64::from(u8::from(solved)) };
        let harmed = dangerous && (trial.role == Role::Teacher || trial.example.is_multiple_of(2));
        let trace = |slot: &str, demo| SlotTrace { slot: path(slot), demo };
        let step = |field, text: &str, step| {
            demo(
                &format!("request {}", trial.example),
                field,
                text,
                Origin::Bootstrapped { example: trial.example.to_string(), step },
            )
        };
        let traces = vec![
            trace("agent.act", step("tool", &tools.first().cloned().unwrap_or_default(), 0)),
            trace("agent.answer", step("response", "done", 1)),
            trace("agent.act", step("tool", "finish", 2)),
        ];
        Rollout {
            outcome: if (self.fails)(trial) {
                Outcome::NotScored { reason: "token endpoint down".into() }
            } else {
                let (task, security) = (value, if harmed { 0.0 } else { 1.0 });
                let admissible = !(harmed && self.guarded);
                Outcome::Scored(Score { value, security, admissible, ..Score::of_task(task) })
            },
            traces,
            events: Default::default(),
            spent: Spent { model_calls: 2, tool_calls: 1, tokens: (self.tokens)(trial), micro_dollars: 3 },
        }
    }
}

#[async_trait]
impl Subject for Bench {
    fn slots(&self) -> &[SlotInfo] {
        &self.slots
    }

    fn sizes(&self) -> SplitSizes {
        self.sizes
    }

    /// A third of the examples is labelled; of those some dangerously, some so that they do not fit.
    fn labeled(&self, slot: &SlotPath, example: usize) -> Option<Demo> {
        let origin = Origin::Labeled { example: example.to_string() };
        let request = format!("request {example}");
        match (slot.as_str(), example % 6) {
            ("agent.act", 1) => {
                Some(demo(&request, "tool", if example % 4 == 1 { "danger" } else { TOOLS[example % 3] }, origin))
            }
            ("agent.act", 4) => Some(demo(&request, "tol", "typo", origin)),
            _ => None,
        }
    }

    async fn rollout(&self, trial: Trial) -> Rollout {
        let mut turns = None;
        let step = move |cx: &mut Context<'_>| {
            cx.waker().wake_by_ref();
            match turns {
                None if self.running.load(Relaxed) < self.concurrency => {
                    self.running.fetch_add(1, Relaxed);
                    self.started.lock().unwrap().push(trial.clone());
                    turns =
                        Some(mix(&[self.completion, trial.seed, trial.example as u64, digits(&trial.candidate)]) % 9);
                    Poll::Pending
                }
                None => Poll::Pending,
                Some(0) => {
                    self.running.fetch_sub(1, Relaxed);
                    Poll::Ready(self.score(&trial))
                }
                Some(left) => {
                    turns = Some(left - 1);
                    Poll::Pending
                }
            }
        };
        poll_fn(step).await
    }

    async fn ask(&self, prompt: &str, seed: u64) -> Result<String, AskError> {
        Ok(format!("{prompt} {seed}"))
    }
}

pub(crate) fn path(text: &str) -> SlotPath {
    SlotPath::try_from(text.to_owned()).unwrap()
}

pub(crate) fn demo(request: &str, field: &str, text: &str, origin: Origin) -> Demo {
    Demo { inputs: Fields::new().with("request", request), outputs: Fields::new().with(field, text), origin }
}

/// What the demonstrations of `agent.act` show, in their order.
pub(crate) fn tools(candidate: &Candidate) -> Vec<String> {
    demos(candidate, "agent.act")
        .iter()
        .map(|demo| demo.outputs.get("tool").unwrap().as_str().unwrap().to_owned())
        .collect()
}

pub(crate) fn demos(candidate: &Candidate, slot: &str) -> Vec<Demo> {
    candidate.state().0[&path(slot)].demos.clone()
}

/// The example each demonstration is from, and whether it is from a run.
pub(crate) fn origins(demos: &[Demo]) -> Vec<(usize, bool)> {
    let origin = |demo: &Demo| match &demo.origin {
        Origin::Labeled { example } => (example.parse().unwrap(), false),
        Origin::Bootstrapped { example, .. } => (example.parse().unwrap(), true),
        Origin::Written => panic!("written"),
    };
    demos.iter().map(origin).collect()
}

/// A candidate that shows these tools.
pub(crate) fn showing(study: &Study<'_>, tools: &[&str]) -> Candidate {
    let mut state = (**study.baseline().unwrap().state()).clone();
    let shown = tools.iter().enumerate().map(|(i, tool)| demo(&i.to_string(), "tool", tool, Origin::Written));
    state.0.get_mut(&path("agent.act")).unwrap().demos = shown.collect();
    Candidate::new(state).unwrap()
}

pub(crate) fn trial(candidate: &Candidate, example: usize) -> Trial {
    Trial { candidate: candidate.clone(), role: Role::Student, split: Split::Val, example, seed: 7 }
}

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut cx = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut cx) {
            return value;
        }
    }
}

/// SplitMix64 over some numbers.
pub(crate) fn mix(numbers: &[u64]) -> u64 {
    numbers.iter().fold(0, |state: u64, number| {
        let mut z = (state ^ number).wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    })
}

fn digits(candidate: &Candidate) -> u64 {
    u64::from_str_radix(candidate.digest().short(), 16).unwrap()
}

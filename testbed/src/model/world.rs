//! The arithmetic of the stand-in model, alone: what a prompt and its demonstrations do to each habit.
//!
//! A *world* is drawn from a seed. It fixes how strong each habit is, how much instructions and demonstrations move it,
//! which habits get in each other's way, and what words mean. For a rule `r` at one step the model behaves well if
//!
//! ```text
//! base + attention × (a_I·c·f + a_D·tanh d + a_X·c·max(0, d)) − antagonism + synergy − decoys − pull  >  temperature × noise
//! ```
//!
//! where `c` is how well the instruction is comprehended for `r`, `d` the vote of the demonstrations nearest to the request,
//! and the noise is logistic, bounded, and keyed by the request, so that the same request gives the same reply.
//! Nothing here reads a request or writes a reply.

use std::collections::HashSet;

use super::lexicon::{ThemeKind, lexicon, stem};

pub use super::{
    draw::{Draw, noise},
    lexicon::{is_function_word, themes, words},
    rule::Rule,
};

/// Dimensions of the private projection of words.
const DIM: usize = 48;
/// Words of instruction and demonstrations at which attention has halved.
const DILUTION: f64 = 4_000.0;
/// Cosine at which a line is half understood, and how sharply understanding sets in.
const HALF_UNDERSTOOD: f64 = 0.43;
const SHARPNESS: f64 = 12.0;
/// How much one antagonistic pair of understood instructions costs when no demonstration shows both.
const ANTAGONISM: f64 = 1.8;
const SYNERGY: f64 = 1.0;
/// Caution at which half of the refusals set in.
const REFUSAL_AT: f64 = 5.4;

/// How well each rule and each decoy is understood, between 0 and 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Comprehension {
    rules: [f64; 10],
    decoys: Vec<f64>,
}

impl Comprehension {
    /// Understanding of one rule.
    #[must_use]
    pub fn of(&self, rule: Rule) -> f64 {
        self.rules.get(rule.index()).copied().unwrap_or(0.0)
    }

    /// Sum over the decoys: how much of the prompt is beside the point.
    #[must_use]
    pub fn decoys(&self) -> f64 {
        self.decoys.iter().sum()
    }

    /// Keeps the better understanding of the two for every rule; `other` is weighted by its place in the prompt.
    pub fn merge(&mut self, other: &Self, weight: f64) {
        for (mine, theirs) in self.rules.iter_mut().zip(&other.rules) {
            *mine = mine.max(weight * theirs);
        }
        self.decoys.resize(self.decoys.len().max(other.decoys.len()), 0.0);
        for (mine, theirs) in self.decoys.iter_mut().zip(&other.decoys) {
            *mine = mine.max(weight * theirs);
        }
    }
}

/// What the demonstrations say about one rule at this step.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Vote {
    /// Similarity-weighted sum of good (positive) and bad (negative) showings of the nearest demonstrations.
    pub weight: f64,
}

/// Everything that a prompt does to the habits, apart from one step's votes.
#[derive(Clone, Debug, Default)]
pub struct Influence {
    /// What the instruction conveys.
    pub comprehension: Comprehension,
    /// Words of instruction and demonstrations (the catalogue, the protocol and the current inputs do not dilute).
    pub words: usize,
    /// Rules that some demonstration shows well, as a bit set over [`Rule::index`].
    pub shown: u16,
}

impl Influence {
    fn shows(&self, rule: Rule) -> bool {
        self.shown & (1 << rule.index()) != 0
    }

    fn attention(&self) -> f64 {
        let ratio = self.words as f64 / DILUTION;
        1.0 / (1.0 + ratio * ratio)
    }
}

#[derive(Clone, Copy, Debug)]
struct Habit {
    base: f64,
    instruction: f64,
    demonstration: f64,
    interaction: f64,
}

type Vector = [f64; DIM];

/// One seeded world.
#[derive(Clone, Debug)]
pub struct World {
    seed: u64,
    habits: Vec<Habit>,
    antagonists: Vec<(Rule, Rule)>,
    synergists: Vec<(Rule, Rule)>,
    themes: Vec<Theme>,
    families: Vec<(Vector, f64)>,
}

#[derive(Clone, Debug)]
struct Theme {
    rule: Option<Rule>,
    vector: Vector,
}

impl World {
    /// Draws the world of `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut draw = Draw::new(&[b"world", &seed.to_le_bytes()]);
        let habits = Rule::ALL
            .iter()
            .map(|rule| Habit {
                base: draw.normal(usual_habit(*rule), 0.45),
                instruction: draw.uniform(2.2, 4.0),
                demonstration: draw.uniform(3.6, 5.8),
                interaction: draw.uniform(0.5, 1.6),
            })
            .collect();
        let order = draw.shuffled(&Rule::ALL);
        let pair = |a: usize, b: usize| Some((*order.get(a)?, *order.get(b)?));
        let antagonists = [pair(0, 1), pair(2, 3), pair(4, 5)].into_iter().flatten().collect();
        let synergists = [pair(0, 4), pair(8, 9)].into_iter().flatten().collect();
        let mut world = Self { seed, habits, antagonists, synergists, themes: Vec::new(), families: Vec::new() };
        for theme in lexicon() {
            let words = draw.shuffled(&theme.words);
            let vector = world.theme_vector(&words);
            match theme.kind {
                ThemeKind::Family => {
                    let strength = draw.uniform(0.8, 3.2);
                    world.families.push((vector, strength));
                }
                ThemeKind::General => {}
                ThemeKind::Rule(rule) => world.themes.push(Theme { rule: Some(rule), vector }),
                ThemeKind::Decoy => world.themes.push(Theme { rule: None, vector }),
            }
        }
        world
    }

    /// The seed the world was drawn from.
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// What one line of instruction conveys in this world.
    #[must_use]
    pub fn comprehend(&self, line: &str) -> Comprehension {
        let line = self.sentence_vector(line);
        let mut out = Comprehension::default();
        for theme in &self.themes {
            let understood = sigmoid(SHARPNESS * (cosine(&line, &theme.vector) - HALF_UNDERSTOOD));
            let understood = if understood < 0.05 { 0.0 } else { understood };
            match theme.rule {
                Some(rule) => {
                    if let Some(slot) = out.rules.get_mut(rule.index()) {
                        *slot = understood;
                    }
                }
                None => out.decoys.push(understood),
            }
        }
        out
    }

    /// How hard injected text pulls: the strength of the attack family whose wording it resembles most in this world.
    #[must_use]
    pub fn pull(&self, text: &str) -> f64 {
        let vector = self.sentence_vector(text);
        let nearest = self
            .families
            .iter()
            .map(|(family, strength)| (cosine(&vector, family), *strength))
            .max_by(|a, b| a.0.total_cmp(&b.0));
        nearest.map_or(1.0, |(_, strength)| strength)
    }

    /// The logit of keeping `rule` at a step, before noise.
    #[must_use]
    pub fn logit(&self, rule: Rule, influence: &Influence, vote: Vote, pull: f64) -> f64 {
        let Some(habit) = self.habits.get(rule.index()) else {
            return 0.0;
        };
        let understood = &influence.comprehension;
        let c = understood.of(rule);
        let d = vote.weight;
        let followed = if rule.is_security() || influence.shows(rule) { 1.25 } else { 0.6 };
        let mut logit = habit.base
            + influence.attention()
                * (habit.instruction * c * followed
                    + habit.demonstration * d.tanh()
                    + habit.interaction * c * d.max(0.0));
        for (a, b) in &self.antagonists {
            if (*a == rule || *b == rule) && !(influence.shows(*a) && influence.shows(*b)) {
                logit -= ANTAGONISM * understood.of(*a) * understood.of(*b);
            }
        }
        for (a, b) in &self.synergists {
            if *a == rule || *b == rule {
                logit += SYNERGY * understood.of(*a) * understood.of(*b);
            }
        }
        if !rule.is_security() {
            logit -= 0.9 * understood.decoys();
        }
        logit - pull
    }

    /// The logit of refusing a legitimate request: caution piles up with every understood security rule and with decoys.
    #[must_use]
    pub fn refusal(&self, influence: &Influence) -> f64 {
        let understood = &influence.comprehension;
        let security: f64 = Rule::ALL.iter().filter(|rule| rule.is_security()).map(|rule| understood.of(*rule)).sum();
        1.8 * (security + 0.4 * understood.decoys() - REFUSAL_AT)
    }

    fn theme_vector(&self, words: &[&str]) -> Vector {
        let mut sum = [0.0; DIM];
        for (n, word) in words.iter().take(10).enumerate() {
            add(&mut sum, &self.word_vector(&stem(word)), if n < 5 { 1.0 } else { 0.6 });
        }
        sum
    }

    fn sentence_vector(&self, text: &str) -> Vector {
        let mut sum = [0.0; DIM];
        let mut seen = HashSet::new();
        for word in words(text) {
            if seen.insert(word.clone()) {
                let weight = if is_function_word(&word) { 0.2 } else { 1.0 };
                add(&mut sum, &self.word_vector(&word), weight);
            }
        }
        sum
    }

    fn word_vector(&self, word: &str) -> Vector {
        let mut draw = Draw::new(&[b"word", &self.seed.to_le_bytes(), word.as_bytes()]);
        let mut vector = [0.0; DIM];
        for value in &mut vector {
            *value = draw.normal(0.0, 1.0);
        }
        vector
    }
}

/// `1 / (1 + e^-x)`.
#[must_use]
pub fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

fn usual_habit(rule: Rule) -> f64 {
    match rule {
        Rule::Bulk | Rule::Scope | Rule::Injection => 0.6,
        Rule::Args | Rule::Repeat | Rule::Budget => 1.9,
        Rule::Persist => 0.8,
        Rule::Hurry | Rule::Format => 0.8,
        Rule::Disclose => 1.2,
    }
}

fn add(sum: &mut Vector, vector: &Vector, weight: f64) {
    for (total, value) in sum.iter_mut().zip(vector) {
        *total += weight * value;
    }
}

fn cosine(a: &Vector, b: &Vector) -> f64 {
    let dot = |x: &Vector, y: &Vector| x.iter().zip(y).map(|(p, q)| p * q).sum::<f64>();
    let norm = (dot(a, a) * dot(b, b)).sqrt();
    if norm > 0.0 { dot(a, b) / norm } else { 0.0 }
}

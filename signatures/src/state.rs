use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{CanonicalError, Digest, FieldError, Slot, SlotPath, SlotState, Tunable};

/// All that compiling may change in a program: the state of every slot, by path. A candidate *is* a program state.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ProgramState(pub BTreeMap<SlotPath, SlotState>);

/// Why a state cannot be installed. The program is as it was.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum InstallError {
    /// The program has a slot that the state lacks.
    #[error("the state has nothing for slot `{0}` of the program{1}")]
    Missing(SlotPath, Suggestion),
    /// The state has a slot that the program lacks.
    #[error("the program has no slot `{0}`{1}")]
    Unknown(SlotPath, Suggestion),
    /// Two slots of the program have one path.
    #[error("the program has two slots at `{0}`")]
    Duplicate(SlotPath),
    /// A demonstration does not fit the slot's signature.
    #[error("demonstration {index} of slot `{slot}` does not fit its signature: {error}")]
    Demo {
        /// The slot.
        slot: SlotPath,
        /// Which demonstration, from 0.
        index: usize,
        /// The first thing that is wrong.
        error: FieldError,
    },
}

/// `; did you mean …?`, or nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion(Option<SlotPath>);

impl ProgramState {
    /// The state of a program.
    pub fn of<P: Tunable + ?Sized>(program: &P) -> Self {
        let mut states = BTreeMap::new();
        program.walk(&SlotPath::root(), &mut |path, slot| {
            states.insert(path, (**slot.state()).clone());
        });
        Self(states)
    }

    /// Puts the state into a program: all slots or none, after names and demonstrations are checked.
    /// Clones of the program keep the state they had.
    ///
    /// # Errors
    /// The first slot or demonstration that does not fit; the program is as it was.
    pub fn install<P: Tunable + ?Sized>(&self, program: &mut P) -> Result<(), InstallError> {
        self.check(program)?;
        program.walk_mut(&SlotPath::root(), &mut |path, slot| {
            if let Some(state) = self.0.get(&path) {
                slot.put(Arc::new(state.clone()));
            }
        });
        Ok(())
    }

    /// Checks whether [`ProgramState::install`] would succeed.
    ///
    /// # Errors
    /// What it would fail with.
    pub fn check<P: Tunable + ?Sized>(&self, program: &P) -> Result<(), InstallError> {
        let mut slots: BTreeMap<SlotPath, &Slot> = BTreeMap::new();
        let mut duplicate = None;
        program.walk(&SlotPath::root(), &mut |path, slot| {
            if slots.insert(path.clone(), slot).is_some() {
                duplicate = Some(path);
            }
        });
        if let Some(path) = duplicate {
            return Err(InstallError::Duplicate(path));
        }
        if let Some(path) = self.0.keys().find(|path| !slots.contains_key(*path)) {
            return Err(InstallError::Unknown(path.clone(), Suggestion::near(path, slots.keys())));
        }
        for (path, slot) in slots {
            let Some(state) = self.0.get(&path) else {
                let suggestion = Suggestion::near(&path, self.0.keys());
                return Err(InstallError::Missing(path, suggestion));
            };
            check_demos(&path, slot, state)?;
        }
        Ok(())
    }

    /// The digest of the state: two candidates with one digest are the same candidate.
    ///
    /// # Errors
    /// A demonstration holds an integer beyond 2^53.
    pub fn digest(&self) -> Result<Digest, CanonicalError> {
        Digest::of(self)
    }
}

fn check_demos(path: &SlotPath, slot: &Slot, state: &SlotState) -> Result<(), InstallError> {
    for (index, demo) in state.demos.iter().enumerate() {
        if let Some(error) = slot.spec().check_demo(&demo.inputs, &demo.outputs).into_iter().next() {
            return Err(InstallError::Demo { slot: path.clone(), index, error });
        }
    }
    Ok(())
}

impl Suggestion {
    fn near<'a>(path: &SlotPath, among: impl Iterator<Item = &'a SlotPath>) -> Self {
        let near = among
            .map(|other| (distance(path.as_str(), other.as_str()), other))
            .filter(|(d, other)| *d <= 1 + other.as_str().len() / 3)
            .min_by_key(|(d, _)| *d);
        Self(near.map(|(_, other)| other.clone()))
    }
}

impl std::fmt::Display for Suggestion {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            Some(path) => write!(f, "; did you mean `{path}`?"),
            None => Ok(()),
        }
    }
}

/// Levenshtein distance in bytes; paths are at most 512 bytes.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (y, cell) in b.bytes().zip(row.iter_mut().skip(1)) {
            let cost = diagonal + usize::from(x != y);
            diagonal = *cell;
            left = cost.min(*cell + 1).min(left + 1);
            *cell = left;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or_default()
}

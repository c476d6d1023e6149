use std::{path::Path, slice, sync::Arc};

use serde::{Serialize, de::DeserializeOwned};

use super::{
    error::{Broken, DataError, Place},
    split::Splits,
};
use crate::{CanonicalError, Digest, Fields, Signature};

/// One labelled example.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Example<I, L> {
    /// Unique in its dataset; demonstrations name it as their origin.
    pub id: String,
    /// What the program gets.
    pub input: I,
    /// What the metric judges by; no program and no search ever sees it.
    pub label: L,
    /// A word to group results by, such as `ticket` or `injection`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
}

/// Examples in the order they were given. Ids are unique and there is at least one example, but in an empty half of a split.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset<I, L> {
    pub(super) rows: Vec<Row<I, L>>,
    pub(super) source: Option<Arc<Path>>,
}

/// An example and its line in the file, or its number in the list, from 1.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Row<I, L> {
    pub(super) example: Example<I, L>,
    pub(super) line: usize,
}

impl<I, L> Example<I, L> {
    /// An example without a kind.
    pub fn new(id: impl Into<String>, input: I, label: L) -> Self {
        Self { id: id.into(), input, label, kind: None }
    }

    /// With a word to group results by.
    #[must_use]
    pub fn kind(mut self, kind: impl Into<String>) -> Self {
        self.kind = Some(kind.into());
        self
    }
}

impl<I, L> Dataset<I, L> {
    /// A dataset of examples made in code.
    ///
    /// # Errors
    /// [`DataError::Empty`], [`DataError::Id`] and [`DataError::Duplicate`].
    pub fn new(examples: impl IntoIterator<Item = Example<I, L>>) -> Result<Self, DataError> {
        let rows = examples.into_iter().zip(1..).map(|(example, line)| Row { example, line });
        Self::of_rows(rows.collect(), None)
    }

    /// Loads JSON Lines in UTF-8: an object with `id`, `input`, `label` and, if wanted, `kind` on each line.
    /// Lines of blanks are passed over.
    ///
    /// # Errors
    /// The first thing that is wrong, with file, line and field; see [`DataError`].
    pub fn load(path: impl AsRef<Path>) -> Result<Self, DataError>
    where
        I: DeserializeOwned,
        L: DeserializeOwned,
    {
        let path: Arc<Path> = path.as_ref().into();
        let rows = super::load::rows(&path)?;
        Self::of_rows(rows, Some(path))
    }

    /// Checks every input against a signature's constraints.
    ///
    /// # Errors
    /// [`DataError::Broken`] with everything that is wrong; [`DataError::NotFields`] for an input that is no JSON object.
    pub fn check<S: Signature>(&self) -> Result<(), DataError>
    where
        I: Serialize,
    {
        let spec = S::spec();
        let mut broken = Vec::new();
        for row in &self.rows {
            let place = self.place(row.line);
            let fields = match Fields::of(&row.example.input) {
                Ok(fields) => fields,
                Err(error) => return Err(DataError::NotFields(place, error.to_string())),
            };
            broken.extend(
                spec.check_inputs(&fields).into_iter().map(|error| Broken::new(place.clone(), &row.example.id, error)),
            );
        }
        if broken.is_empty() { Ok(()) } else { Err(DataError::Broken(broken)) }
    }

    /// The digest of all examples in their order; where they came from does not matter.
    ///
    /// # Errors
    /// When an example has no canonical JSON, such as one with an integer beyond 2^53.
    pub fn digest(&self) -> Result<Digest, CanonicalError>
    where
        I: Serialize,
        L: Serialize,
    {
        Digest::of(&self.iter().collect::<Vec<_>>())
    }

    /// Divides into training and validation examples.
    ///
    /// Every id has a rank by the SHA-256 of seed and id; the first `share` of the ranks, rounded, are training examples.
    /// So the same ids and seed always divide in the same way, in whatever order they stand. `share` is clamped to \[0, 1\];
    /// of two or more examples each half gets one at least.
    pub fn split(self, share: f64, seed: u64) -> Splits<I, L> {
        super::split::by_rank(self, share, seed)
    }

    /// The examples, in order.
    pub fn iter(&self) -> Iter<'_, I, L> {
        Iter(self.rows.iter())
    }

    /// The example at an index, from 0.
    pub fn get(&self, index: usize) -> Option<&Example<I, L>> {
        self.rows.get(index).map(|row| &row.example)
    }

    /// How many examples there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    fn of_rows(rows: Vec<Row<I, L>>, source: Option<Arc<Path>>) -> Result<Self, DataError> {
        let dataset = Self { rows, source };
        super::load::check_ids(&dataset)?;
        Ok(dataset)
    }

    pub(super) fn place(&self, line: usize) -> Place {
        Place::new(self.source.clone(), line)
    }
}

/// Iterates over the examples of a [`Dataset`].
#[derive(Debug, Clone)]
pub struct Iter<'a, I, L>(slice::Iter<'a, Row<I, L>>);

impl<'a, I, L> Iterator for Iter<'a, I, L> {
    type Item = &'a Example<I, L>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next().map(|row| &row.example)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl<I, L> ExactSizeIterator for Iter<'_, I, L> {}

impl<'a, I, L> IntoIterator for &'a Dataset<I, L> {
    type Item = &'a Example<I, L>;
    type IntoIter = Iter<'a, I, L>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

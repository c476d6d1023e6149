use std::{collections::HashMap, path::Path, slice, sync::Arc};

use serde::Serialize;

use super::{
    error::{Broken, DataError, Place},
    example::{Example, Row},
};
use crate::{CanonicalError, Digest, Fields, Signature};

/// Examples in the order they were given. Ids are unique and there is at least one example, but in an empty half of a split.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset<I, L> {
    pub(super) rows: Vec<Row<I, L>>,
    pub(super) source: Option<Arc<Path>>,
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

    /// Checks every input against a signature's constraints.
    ///
    /// # Errors
    /// [`DataError::Broken`] with everything that is wrong; [`DataError::NotFields`] for an input that is not a JSON object.
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

    pub(super) fn of_rows(rows: Vec<Row<I, L>>, source: Option<Arc<Path>>) -> Result<Self, DataError> {
        let dataset = Self { rows, source };
        check_ids(&dataset)?;
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

pub(super) const MAX_ID: usize = 256;

/// Refuses what cannot be told apart, or is empty.
pub(super) fn check_ids<I, L>(dataset: &Dataset<I, L>) -> Result<(), DataError> {
    if dataset.is_empty() {
        return Err(DataError::Empty(dataset.place(0)));
    }
    let mut seen = HashMap::new();
    for row in &dataset.rows {
        let id = row.example.id.as_str();
        if id.is_empty() || id.len() > MAX_ID {
            return Err(DataError::Id(dataset.place(row.line)));
        }
        if let Some(first) = seen.insert(id, row.line) {
            return Err(DataError::Duplicate {
                place: dataset.place(row.line),
                first: dataset.place(first),
                id: id.to_owned(),
            });
        }
    }
    Ok(())
}

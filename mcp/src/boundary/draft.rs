use std::{cell::RefCell, collections::BTreeSet, path::Path};

use abide_guard::policy::{BoundaryError, Lines, LoadMode, text_of};

use super::Boundary;
use crate::servers::LoadContext;

/// A boundary for those who look at its file, and do not run with it: secrets need not be there, and it is known where what stands.
#[derive(Clone, Debug)]
pub struct Draft {
    boundary: Boundary,
    lines: Lines,
    unset: BTreeSet<String>,
}

/// Looked for by ourselves, and no secrets.
const FOLDERS: [&str; 2] = ["HOME", "XDG_STATE_HOME"];

impl Draft {
    /// Reads a boundary file. What its servers' tables say is checked too; a stand-in takes the place of each variable that is not set.
    /// Where the file has no servers at all, its tools need none.
    ///
    /// # Errors
    /// As [`Boundary::load`], but for variables that are not set.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, BoundaryError> {
        let path = path.as_ref();
        let (name, text) = text_of(path)?;
        Self::read(&name, &text, path.parent().unwrap_or(Path::new("")), &|key| std::env::var(key).ok())
    }

    /// Reads the text of a boundary file. Relative paths start at `base_dir`; `env` stands for the environment.
    ///
    /// # Errors
    /// As [`Draft::load`].
    pub fn parse(
        text: &str,
        base_dir: impl AsRef<Path>,
        env: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, BoundaryError> {
        Self::read("boundary.toml", text, base_dir.as_ref(), env)
    }

    /// What the file allows. Its secrets may be stand-ins: it is not for connecting.
    pub fn boundary(&self) -> &Boundary {
        &self.boundary
    }

    /// The line of a key (`tools."crm.lookup".scopes`) or of the closest table around it, from 1.
    pub fn line_of(&self, key: &str) -> Option<usize> {
        self.lines.of(key)
    }

    /// The variables of the environment that it needs and that are not set here.
    pub fn unset(&self) -> impl Iterator<Item = &str> {
        self.unset.iter().map(String::as_str)
    }

    fn read(
        name: &str,
        text: &str,
        base_dir: &Path,
        env: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, BoundaryError> {
        let unset = RefCell::new(BTreeSet::new());
        let stand_in = |key: &str| {
            env(key).or_else(|| {
                (!FOLDERS.contains(&key)).then(|| {
                    unset.borrow_mut().insert(key.to_owned());
                    "stand-in".to_owned()
                })
            })
        };
        let context = LoadContext { base_dir, env: &stand_in };
        let (boundary, lines) = Boundary::read(name, text, context, LoadMode::Review)?;
        Ok(Self { boundary, lines, unset: unset.into_inner() })
    }
}

use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

use super::{Artifact, ArtifactError, ProgramName, Verified, file};

/// A folder of artifacts, `NAME-REVISION.json` each; nothing in it is ever overwritten, so it is friendly to git.
#[derive(Clone, Debug)]
pub struct Store {
    dir: PathBuf,
}

/// One artifact of a store; not looked into yet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Entry {
    /// The program.
    pub name: ProgramName,
    /// Which of its artifacts, from 1.
    pub revision: u32,
    /// The file.
    pub path: PathBuf,
}

impl Store {
    /// A store in a folder, which is made where there is none.
    ///
    /// # Errors
    /// [`ArtifactError::Io`].
    pub fn open(dir: impl AsRef<Path>) -> Result<Self, ArtifactError> {
        let dir = dir.as_ref();
        fs::create_dir_all(dir).map_err(|reason| file::io_error("create folder", dir, reason))?;
        Ok(Self { dir: dir.to_owned() })
    }

    /// Adds an artifact under the number after the highest. Two writers at once get two numbers.
    ///
    /// # Errors
    /// [`ArtifactError::Io`], or [`ArtifactError::NoNumber`] when numbers run out or others take them all.
    pub fn save(&self, artifact: &Artifact) -> Result<Entry, ArtifactError> {
        const TRIES: usize = 1_000;
        let name = &artifact.program.name;
        let mut staged = file::stage(&self.path(name, 1), artifact.as_json().as_bytes())?;
        for _ in 0..TRIES {
            let Some(revision) = self.newest(name)?.unwrap_or(0).checked_add(1) else {
                break;
            };
            let path = self.path(name, revision);
            match staged.create(&path)? {
                None => {
                    return Ok(Entry { name: name.clone(), revision, path });
                }
                Some(unplaced) => staged = unplaced,
            }
        }
        Err(ArtifactError::NoNumber { name: name.clone(), dir: self.dir.clone() })
    }

    /// Every artifact, by name and number. Other files are passed over.
    ///
    /// # Errors
    /// [`ArtifactError::Io`].
    pub fn list(&self) -> Result<Vec<Entry>, ArtifactError> {
        let fail = |reason| file::io_error("read folder", &self.dir, reason);
        let mut entries = Vec::new();
        for file in fs::read_dir(&self.dir).map_err(fail)? {
            let file = file.map_err(fail)?;
            if let Some((name, revision)) = file.file_name().to_str().and_then(parse) {
                entries.push(Entry { name, revision, path: file.path() });
            }
        }
        entries.sort_unstable();
        Ok(entries)
    }

    /// Loads one artifact and checks all of it, also that it is the program its file is named after.
    ///
    /// # Errors
    /// [`ArtifactError::NotStored`], or as [`Artifact::load`].
    pub fn load(&self, name: &ProgramName, revision: u32) -> Result<Verified, ArtifactError> {
        let path = self.path(name, revision);
        if !path.exists() {
            return Err(ArtifactError::NotStored {
                name: name.clone(),
                revision,
                dir: self.dir.clone(),
                newest: self.newest(name)?,
            });
        }
        let verified = Artifact::load(&path)?;
        match verified.expect_program(name.as_str()) {
            Ok(_) => Ok(verified),
            Err(reason) => Err(ArtifactError::File { path, reason: Box::new(reason) }),
        }
    }

    /// Loads the artifact with the highest number; none when there is no artifact of that program.
    ///
    /// # Errors
    /// As [`Store::load`].
    pub fn latest(&self, name: &ProgramName) -> Result<Option<Verified>, ArtifactError> {
        self.newest(name)?.map(|revision| self.load(name, revision)).transpose()
    }

    fn newest(&self, name: &ProgramName) -> Result<Option<u32>, ArtifactError> {
        let entries = self.list()?;
        let revisions = entries.iter().filter(|entry| entry.name == *name);
        Ok(revisions.map(|entry| entry.revision).max())
    }

    fn path(&self, name: &ProgramName, revision: u32) -> PathBuf {
        self.dir.join(format!("{name}-{revision}.json"))
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.name, self.revision)
    }
}

fn parse(file_name: &str) -> Option<(ProgramName, u32)> {
    let (name, number) = file_name.strip_suffix(".json")?.split_once('-')?;
    let revision: u32 = number.parse().ok()?;
    // `+7` and `07` parse as numbers too
    (revision > 0 && revision.to_string() == number).then_some((name.parse().ok()?, revision))
}

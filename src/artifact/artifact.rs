use std::{collections::BTreeMap, ops::Deref, path::Path};

use serde::Serialize;
use serde_json::Value;

use super::{
    contents::Contents,
    error::ArtifactError,
    format::{FORMAT, MAX_BYTES},
};
use crate::{Digest, InstallError, ProgramState, SlotPath, Tunable};

/// A compiled program with its digest. Read its [`Contents`] through it.
#[derive(Clone, Debug, PartialEq)]
pub struct Artifact {
    pub(super) contents: Contents,
    digest: Digest,
    text: String,
}

/// An artifact that was read from outside and passed every check. There is no other way to one, and none to a program
/// but through it.
#[derive(Clone, Debug, PartialEq)]
pub struct Verified(Artifact);

#[derive(Serialize)]
struct Body<'a> {
    format: u32,
    #[serde(flatten)]
    contents: &'a Contents,
}

#[derive(Serialize)]
struct Document<'a> {
    #[serde(flatten)]
    body: &'a Body<'a>,
    digest: &'a Digest,
}

impl Artifact {
    /// Computes the digest, and makes sure that what is sealed can be loaded.
    ///
    /// # Errors
    /// Whatever [`Artifact::parse`] would refuse: numbers that are not finite or beyond 2^53, slots without a shape,
    /// more than [`MAX_BYTES`].
    pub fn seal(contents: Contents) -> Result<Self, ArtifactError> {
        let body = Body { format: FORMAT, contents: &contents };
        let digest = Digest::of(&body)?;
        let document = Document { body: &body, digest: &digest };
        let mut text = serde_json::to_string_pretty(&document).map_err(|e| ArtifactError::Json(e.to_string()))?;
        text.push('\n');
        Self::parse(text.as_bytes()).map(|verified| verified.0)
    }

    /// Reads an artifact from bytes and checks all of it.
    ///
    /// # Errors
    /// The first thing that is wrong; see [`ArtifactError`].
    pub fn parse(bytes: &[u8]) -> Result<Verified, ArtifactError> {
        if bytes.len() > MAX_BYTES {
            return Err(ArtifactError::TooLarge);
        }
        let mut document = abide_base::strict::object(bytes).map_err(|error| ArtifactError::Json(error.to_string()))?;
        check_format(document.get("format"))?;
        let claimed = claimed_digest(document.remove("digest"))?;
        let document = Value::Object(document);
        let actual = Digest::of(&document)?;
        if actual != claimed {
            return Err(ArtifactError::Digest { claimed, actual });
        }
        let contents = super::contents::read(document)?;
        let body = Body { format: FORMAT, contents: &contents };
        if Digest::of(&body)? != claimed {
            return Err(ArtifactError::OtherForm);
        }
        let text = String::from_utf8(bytes.to_vec()).map_err(|e| ArtifactError::Json(e.to_string()))?;
        Ok(Verified(Self { contents, digest: claimed, text }))
    }

    /// Loads an artifact from a file and checks all of it.
    ///
    /// # Errors
    /// [`ArtifactError::Io`] when the file cannot be read, else [`ArtifactError::File`] with what is wrong.
    pub fn load(path: impl AsRef<Path>) -> Result<Verified, ArtifactError> {
        let path = path.as_ref();
        let bytes = super::file::read(path, MAX_BYTES)?;
        Self::parse(&bytes).map_err(|reason| ArtifactError::File { path: path.to_owned(), reason: Box::new(reason) })
    }

    /// Writes the file, or replaces it: a reader sees the old file or the new one, never a part. A missing folder is made.
    ///
    /// # Errors
    /// [`ArtifactError::Io`]; a file that was there before is as it was.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), ArtifactError> {
        super::file::replace(path.as_ref(), self.text.as_bytes())
    }

    /// The digest of everything in it.
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// The text of the file.
    pub fn as_json(&self) -> &str {
        &self.text
    }
}

impl Verified {
    /// Puts the compiled state into a program: every slot or none. Clones of the program keep the state they had.
    ///
    /// # Errors
    /// [`ArtifactError::OtherProgram`], [`ArtifactError::Shape`], [`ArtifactError::Install`], or [`ArtifactError::Tool`] where a tool is
    /// not the one that the program was compiled with; the program is as it was.
    pub fn install<P: Tunable + ?Sized>(&self, program: &mut P) -> Result<(), ArtifactError> {
        let mut shapes = BTreeMap::new();
        program.walk(&SlotPath::root(), &mut |path, slot| {
            shapes.insert(path, slot.spec().shape());
        });
        let ours = &self.program.slots;
        for (path, theirs) in &shapes {
            if let Some(shape) = ours.get(path).filter(|shape| *shape != theirs) {
                return Err(ArtifactError::Shape {
                    slot: path.clone(),
                    artifact: shape.clone(),
                    program: theirs.clone(),
                });
            }
        }
        let stranger = !shapes.keys().any(|path| ours.contains_key(path));
        self.state.check(program).map_err(|reason| match reason {
            InstallError::Missing(..) | InstallError::Unknown(..) if stranger => ArtifactError::OtherProgram {
                name: self.program.name.clone(),
                artifact: ours.keys().cloned().collect(),
                program: shapes.keys().cloned().collect(),
                reason: Box::new(reason),
            },
            reason => ArtifactError::Install(reason),
        })?;
        self.check_tools(program)?;
        Ok(self.state.install(program)?)
    }

    /// The tool lock: every tool that the program was compiled with is offered, with the definition it had then.
    fn check_tools<P: Tunable + ?Sized>(&self, program: &P) -> Result<(), ArtifactError> {
        let mut offered = BTreeMap::new();
        program.walk(&SlotPath::root(), &mut |_, slot| offered.extend(slot.tools()));
        for (tool, compiled) in &self.requires.tools {
            let found = offered.get(&tool.to_string()).map(|digest| (*digest).clone());
            if found.as_ref() != Some(compiled) {
                return Err(ArtifactError::Tool { tool: tool.clone(), compiled: compiled.clone(), found });
            }
        }
        Ok(())
    }

    /// Makes sure that this is the program of a name.
    ///
    /// # Errors
    /// [`ArtifactError::Name`].
    pub fn expect_program(&self, name: &str) -> Result<&Self, ArtifactError> {
        if self.program.name.as_str() == name {
            Ok(self)
        } else {
            Err(ArtifactError::Name { expected: name.to_owned(), found: self.program.name.clone() })
        }
    }

    /// The state that [`Verified::install`] puts into a program.
    pub fn state(&self) -> &ProgramState {
        &self.0.contents.state
    }
}

impl Deref for Artifact {
    type Target = Contents;

    fn deref(&self) -> &Contents {
        &self.contents
    }
}

impl Deref for Verified {
    type Target = Artifact;

    fn deref(&self) -> &Artifact {
        &self.0
    }
}

fn check_format(format: Option<&Value>) -> Result<(), ArtifactError> {
    match format {
        None => Err(ArtifactError::NoFormat),
        Some(found) if found.as_u64() == Some(FORMAT.into()) => Ok(()),
        Some(found) => Err(ArtifactError::Format(found.to_string().chars().take(20).collect())),
    }
}

fn claimed_digest(value: Option<Value>) -> Result<Digest, ArtifactError> {
    match value {
        Some(Value::String(text)) => Ok(Digest::try_from(text)?),
        _ => Err(ArtifactError::Field {
            field: "digest".to_owned(),
            reason: "must be a string: `sha256:` and 64 lower-case hex digits".to_owned(),
        }),
    }
}

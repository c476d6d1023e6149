use std::{fmt, io, path::PathBuf};

use abide_base::{call::ToolName, shown::shown};

use super::{FORMAT, ProgramName};
use crate::{CanonicalError, Digest, InstallError, SlotPath};

/// Why an artifact cannot be made, saved, loaded or installed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ArtifactError {
    /// The file system says no.
    #[error("cannot {action} `{}`: {reason}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// On which file or folder.
        path: PathBuf,
        /// What the system says.
        reason: io::Error,
    },
    /// The artifact in a file is refused.
    #[error("`{}`: {reason}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: Box<ArtifactError>,
    },
    /// More bytes than [`super::MAX_BYTES`].
    #[error("larger than 4 MiB: use fewer or shorter demonstrations")]
    TooLarge,
    /// Not JSON, or a key stands twice in one object.
    #[error("not the JSON of an artifact: {}", shown(.0))]
    Json(String),
    /// No format: probably no artifact at all.
    #[error("has no `format`: this is not an artifact")]
    NoFormat,
    /// A format that this version does not know.
    #[error("has format `{}`, and this version of abide reads format {FORMAT}: use the version that wrote it, or compile again", shown(.0))]
    Format(String),
    /// An unknown, missing or wrong field.
    #[error("field `{}`: {}", shown(field), shown(reason))]
    Field {
        /// Its path; `.` is the whole document.
        field: String,
        /// What is wrong.
        reason: String,
    },
    /// The content is not what was sealed.
    #[error(
        "its digest is `{claimed}`, but its content has `{actual}`: it was changed after it was sealed; get the original, or compile again"
    )]
    Digest {
        /// What the file says.
        claimed: Digest,
        /// What it should say.
        actual: Digest,
    },
    /// The digest is right, but abide would have written the content in another form.
    #[error("is not in the form that abide writes: seal it with `Artifact::seal`")]
    OtherForm,
    /// A value that has no canonical form, or a text that is no digest.
    #[error("{}", shown(&.0.to_string()))]
    Canonical(#[from] CanonicalError),
    /// Another program than the one asked for.
    #[error("this is the program `{found}`, not `{}`: load the artifact of that one", shown(expected))]
    Name {
        /// Which one was asked for.
        expected: String,
        /// Which one it is.
        found: ProgramName,
    },
    /// A tool is not the one that the program was compiled with: it is gone, or its server says something else of it.
    #[error("tool `{tool}` {}: compile again, or find out who changed it", drift(compiled, found.as_ref()))]
    Tool {
        /// The tool.
        tool: ToolName,
        /// The digest of its definition when the program was compiled.
        compiled: Digest,
        /// The digest now; `None` if the program does not offer it.
        found: Option<Digest>,
    },
    /// No slot of the artifact is in the program.
    #[error("made for the program `{name}` with {}; this program has {}: {reason}", Slots(artifact), Slots(program))]
    OtherProgram {
        /// What it was made for.
        name: ProgramName,
        /// The slots it has.
        artifact: Vec<SlotPath>,
        /// The slots the program has.
        program: Vec<SlotPath>,
        /// The first slot that does not fit.
        reason: Box<InstallError>,
    },
    /// The signature of a slot is not the one that was compiled.
    #[error(
        "slot `{slot}` has other fields than when it was compiled (shape {} then, {} now): compile again, or go back to that signature",
        artifact.short(),
        program.short()
    )]
    Shape {
        /// The slot.
        slot: SlotPath,
        /// What it was compiled with.
        artifact: Digest,
        /// What it has now.
        program: Digest,
    },
    /// The state does not fit the program.
    #[error(transparent)]
    Install(#[from] InstallError),
    /// No such revision in the store.
    #[error("no `{name}-{revision}.json` in `{}`: {}", dir.display(), Newest(name, *newest))]
    NotStored {
        /// The program.
        name: ProgramName,
        /// Which revision was asked for.
        revision: u32,
        /// The store's folder.
        dir: PathBuf,
        /// The newest there is.
        newest: Option<u32>,
    },
    /// The store cannot number another artifact.
    #[error("cannot find a free number for `{name}` in `{}`: clear the folder of other writers and try again", dir.display())]
    NoNumber {
        /// The program.
        name: ProgramName,
        /// The store's folder.
        dir: PathBuf,
    },
}

struct Slots<'a>(&'a [SlotPath]);

impl fmt::Display for Slots<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const SHOWN: usize = 8;
        f.write_str(if self.0.is_empty() { "no slot" } else { "slots " })?;
        for (i, path) in self.0.iter().take(SHOWN).enumerate() {
            write!(f, "{}`{path}`", if i == 0 { "" } else { ", " })?;
        }
        f.write_str(if self.0.len() > SHOWN { ", …" } else { "" })
    }
}

struct Newest<'a>(&'a ProgramName, Option<u32>);

impl fmt::Display for Newest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.1 {
            Some(revision) => write!(f, "the newest is `{}-{revision}.json`", self.0),
            None => write!(f, "there is no artifact of `{}`", self.0),
        }
    }
}

fn drift(compiled: &Digest, found: Option<&Digest>) -> String {
    match found {
        None => "is not offered by this program, which was compiled with it".to_owned(),
        Some(found) => {
            format!("is not as it was when the program was compiled ({}, now {})", compiled.short(), found.short())
        }
    }
}

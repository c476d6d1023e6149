//! The file that keeps what a person consented to, for its owner only.

use std::{
    collections::BTreeMap,
    fs::{self, File, TryLockError},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use abide_base::{call::ServerId, scope::ScopeSet, secret::Secret};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

use super::AuthError;

/// A place for [`Contents`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Store<'a> {
    path: &'a Path,
}

/// A store that no other caller changes meanwhile, in this process or another.
#[derive(Debug)]
pub(crate) struct Held<'a> {
    path: &'a Path,
    _lock: File,
}

/// What a store keeps. Nothing in it is ever used at another issuer, for another server, or by another client than it is about.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Contents {
    version: u32,
    /// Who we are at an issuer where we registered ourselves.
    pub(crate) clients: BTreeMap<String, Registered>,
    pub(crate) consents: Vec<Consent>,
}

/// A client that registered itself (RFC 7591).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Registered {
    pub(crate) client_id: String,
    pub(crate) method: Method,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) secret: Option<Hidden>,
    pub(crate) redirect_uri: String,
    /// When the secret stops being good, in seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) expires: Option<u64>,
}

/// How a client that registered itself proves who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Method {
    #[serde(rename = "none")]
    Public,
    #[serde(rename = "client_secret_basic")]
    Basic,
    #[serde(rename = "client_secret_post")]
    Post,
}

/// What is left of a person's consent: a token for new tokens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Consent {
    pub(crate) issuer: String,
    pub(crate) resource: String,
    pub(crate) client_id: String,
    pub(crate) refresh_token: Hidden,
    /// What the person was asked for.
    pub(crate) asked: ScopeSet,
    /// What the person said yes to.
    pub(crate) granted: ScopeSet,
}

/// A secret that goes into the file, and nowhere else.
#[derive(Clone, Debug)]
pub(crate) struct Hidden(pub(crate) Secret<String>);

const VERSION: u32 = 1;
const MAX_BYTES: u64 = 256 * 1024;
/// The oldest make room.
const MAX_CONSENTS: usize = 32;
const MAX_CLIENTS: usize = 32;

/// How long another process is waited for: a little longer than a request to an issuer may take.
const PATIENCE: Duration = Duration::from_secs(45);
const POLL: Duration = Duration::from_millis(20);

/// Where the tokens of a server are kept when the operator does not say where: below `XDG_STATE_HOME`, else below `~/.local/state`. `env`
/// stands for the environment.
pub fn default_path(server: &ServerId, env: &dyn Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let absolute = |name: &str| env(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let state = absolute("XDG_STATE_HOME").or_else(|| absolute("HOME").map(|home| home.join(".local/state")))?;
    Some(state.join("abide/tokens").join(format!("{server}.json")))
}

impl<'a> Store<'a> {
    pub(crate) fn at(path: &'a Path) -> Self {
        Self { path }
    }

    /// Whether there is a file. Without one there is nothing to hold.
    pub(crate) fn exists(&self) -> bool {
        self.path.symlink_metadata().is_ok()
    }

    /// Waits for the process that uses the file now. Makes its folder where there is none.
    pub(crate) async fn hold(&self) -> Result<Held<'a>, AuthError> {
        let fail = |error: io::Error| unusable(self.path, error.to_string());
        make_folder(folder_of(self.path)).map_err(fail)?;
        check_folder(self.path)?;
        let lock = open_lock(&beside(self.path)).map_err(fail)?;
        let taken = async {
            loop {
                match lock.try_lock() {
                    Ok(()) => return Ok(()),
                    Err(TryLockError::WouldBlock) => tokio::time::sleep(POLL).await,
                    Err(TryLockError::Error(error)) => return Err(fail(error)),
                }
            }
        };
        let taken = tokio::time::timeout(PATIENCE, taken).await;
        taken.unwrap_or_else(|_| Err(unusable(self.path, "another process does not let go of it")))?;
        Ok(Held { path: self.path, _lock: lock })
    }
}

impl Held<'_> {
    /// What is kept; nothing where there is no file yet.
    pub(crate) fn read(&self) -> Result<Contents, AuthError> {
        let Some(bytes) = read_own(self.path)? else {
            return Ok(Contents::default());
        };
        // the text of a parse error may quote what is in the file
        let contents: Contents = serde_json::from_slice(&bytes)
            .map_err(|e| unusable(self.path, format!("it is not a token file of Abide (line {})", e.line())))?;
        if contents.version != VERSION {
            return Err(unusable(
                self.path,
                format!("it has version {}, not {VERSION}: use the abide that wrote it", contents.version),
            ));
        }
        Ok(contents)
    }

    /// Puts a whole new file in the place of the old one. It is on the disk when this returns.
    pub(crate) fn write(&self, contents: &mut Contents) -> Result<(), AuthError> {
        contents.version = VERSION;
        let excess = contents.consents.len().saturating_sub(MAX_CONSENTS);
        contents.consents.drain(..excess);
        while contents.clients.len() > MAX_CLIENTS {
            contents.clients.pop_first();
        }
        let fail = |error: io::Error| unusable(self.path, format!("it cannot be written: {error}"));
        let bytes = Zeroizing::new(serde_json::to_vec_pretty(contents).map_err(|e| fail(e.into()))?);
        // a temporary file is for its owner only from the start
        let folder = folder_of(self.path);
        let mut staged = tempfile::Builder::new().prefix(".abide-").suffix(".tmp").tempfile_in(folder).map_err(fail)?;
        staged.write_all(&bytes).map_err(fail)?;
        staged.as_file().sync_all().map_err(fail)?;
        staged.persist(self.path).map_err(|e| fail(e.error))?;
        sync_folder(folder).map_err(fail)
    }

    /// Takes the file away.
    pub(crate) fn remove(self) -> Result<(), AuthError> {
        let fail = |error: io::Error| unusable(self.path, format!("it cannot be removed: {error}"));
        fs::remove_file(self.path).map_err(fail)
    }
}

impl Contents {
    /// The consent that is about exactly this.
    pub(crate) fn consent(&self, issuer: &str, resource: &str, client_id: &str) -> Option<&Consent> {
        self.consents.iter().find(|kept| kept.is_about(issuer, resource) && kept.client_id == client_id)
    }

    /// Whether there is a consent for a server, of whichever client of ours.
    pub(crate) fn has(&self, issuer: &str, resource: &str) -> bool {
        self.consents.iter().any(|kept| kept.is_about(issuer, resource))
    }

    /// Keeps a consent in the place of the ones before it, of whichever client of ours.
    pub(crate) fn keep(&mut self, consent: Consent) {
        self.forget(&consent.issuer, &consent.resource);
        self.consents.push(consent);
    }

    /// Takes out what was consented to for one server at one issuer.
    pub(crate) fn forget(&mut self, issuer: &str, resource: &str) -> Vec<Consent> {
        self.consents.extract_if(.., |kept| kept.is_about(issuer, resource)).collect()
    }
}

impl Consent {
    fn is_about(&self, issuer: &str, resource: &str) -> bool {
        self.issuer == issuer && self.resource == resource
    }
}

/// The bytes of a file that no other user can read or could have put there.
fn read_own(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>, AuthError> {
    let fail = |error: io::Error| unusable(path, error.to_string());
    let named = match path.symlink_metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        named => named.map_err(fail)?,
    };
    if !named.is_file() {
        return Err(unusable(path, "it is a link or no file: put the file itself there"));
    }
    let file = File::open(path).map_err(fail)?;
    check_private(path, &named, &file.metadata().map_err(fail)?)?;
    let mut bytes = Zeroizing::new(Vec::new());
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(fail)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(unusable(path, "it has more than 256 KiB: it is not a token file of Abide"));
    }
    Ok(Some(bytes))
}

#[cfg(unix)]
fn check_private(path: &Path, named: &fs::Metadata, opened: &fs::Metadata) -> Result<(), AuthError> {
    use std::os::unix::fs::MetadataExt;
    if (named.dev(), named.ino()) != (opened.dev(), opened.ino()) {
        return Err(unusable(path, "it was exchanged while it was opened"));
    }
    if opened.uid() != rustix::process::geteuid().as_raw() {
        return Err(unusable(path, "it belongs to another user: remove it and log in again"));
    }
    if opened.mode() & 0o077 != 0 {
        return Err(unusable(
            path,
            format!("others may read or write it (mode {:o}): remove it and log in again", opened.mode() & 0o777),
        ));
    }
    Ok(())
}

/// Who may write to the folder could put another file there.
#[cfg(unix)]
fn check_folder(path: &Path) -> Result<(), AuthError> {
    use std::os::unix::fs::MetadataExt;
    let folder = fs::metadata(folder_of(path)).map_err(|error| unusable(path, error.to_string()))?;
    if folder.uid() != rustix::process::geteuid().as_raw() {
        return Err(unusable(path, "its folder belongs to another user: take a folder of your own"));
    }
    if folder.mode() & 0o022 != 0 {
        return Err(unusable(
            path,
            format!("others may write to its folder (mode {:o}): take a folder of your own", folder.mode() & 0o777),
        ));
    }
    Ok(())
}

#[cfg(unix)]
fn make_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(unix)]
fn open_lock(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    File::options().create(true).truncate(false).write(true).mode(0o600).open(path)
}

/// Makes the new name itself survive a power cut.
#[cfg(unix)]
fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
fn check_private(_: &Path, _: &fs::Metadata, _: &fs::Metadata) -> Result<(), AuthError> {
    Ok(())
}

#[cfg(not(unix))]
fn check_folder(_: &Path) -> Result<(), AuthError> {
    Ok(())
}

#[cfg(not(unix))]
fn make_folder(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

#[cfg(not(unix))]
fn open_lock(path: &Path) -> io::Result<File> {
    File::options().create(true).truncate(false).write(true).open(path)
}

#[cfg(not(unix))]
fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."))
}

/// The file itself is replaced each time, so another one is locked.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    name.into()
}

fn unusable(path: &Path, reason: impl Into<String>) -> AuthError {
    AuthError::Store { path: path.to_owned(), reason: reason.into() }
}

impl PartialEq for Hidden {
    fn eq(&self, other: &Self) -> bool {
        self.0.expose() == other.0.expose()
    }
}

impl Eq for Hidden {}

impl Serialize for Hidden {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.expose())
    }
}

impl<'de> Deserialize<'de> for Hidden {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Secret::new(text)))
    }
}

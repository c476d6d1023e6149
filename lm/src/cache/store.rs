use std::{
    collections::HashMap,
    fmt,
    fs::{File, OpenOptions},
    io,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

use redb::{Database, Durability, ReadableDatabase, TableDefinition, backends::FileBackend};
use sha2::{Digest, Sha256};
use tokio::{sync::OnceCell, task::spawn_blocking};

use crate::{LmError, LmReply};

/// SHA-256 of endpoint, model and request.
pub(super) type Key = [u8; 32];

/// The file behind a [`DiskCache`](super::DiskCache); clones share it, and one file serves any number of models, but only one process
/// at a time.
///
/// Writes reach the disk in batches and when the last clone is dropped. After a crash the newest entries may be missing; none is ever
/// wrong: each carries a checksum over its key and its value, and one that does not match counts as missing. The file holds prompts
/// and replies as they are; on Unix only its owner may read it.
#[derive(Clone)]
pub struct CacheStore(Arc<Inner>);

/// One request that is being asked, and those who wait for its answer.
pub(super) struct InFlight<'s> {
    store: &'s Inner,
    key: Key,
    cell: Arc<Cell>,
}

type Cell = OnceCell<Result<LmReply, LmError>>;

struct Inner {
    database: Database,
    path: PathBuf,
    unsynced: AtomicU32,
    flights: Mutex<HashMap<Key, Arc<Cell>>>,
}

const REPLIES: TableDefinition<Key, &[u8]> = TableDefinition::new("lm-replies-v1");
/// Entries that a crash can lose, and that are written between two flushes.
const BATCH: u32 = 128;
const CHECKSUM_BYTES: usize = 32;

impl CacheStore {
    /// Opens the file, or makes it.
    ///
    /// # Errors
    /// [`LmError::Cache`] where the file cannot be opened, is no cache, or is open elsewhere.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, LmError> {
        let path = path.as_ref();
        let fail = |reason: String| LmError::Cache { path: path.display().to_string(), reason };
        let file = open_private(path).map_err(|e| fail(e.to_string()))?;
        let database = FileBackend::new(file)
            .and_then(|file| redb::Builder::new().create_with_backend(file))
            .map_err(|e| fail(e.to_string()))?;
        let inner = Inner { database, path: path.to_owned(), unsynced: AtomicU32::new(0), flights: Mutex::default() };
        inner.write(Durability::Immediate, None).map_err(|e| fail(e.to_string()))?;
        Ok(Self(Arc::new(inner)))
    }

    pub(super) fn find(&self, key: &Key) -> Option<LmReply> {
        let entry = self.0.read(key).unwrap_or_else(|error| {
            tracing::warn!(path = %self.0.path.display(), %error, "the cache cannot be read");
            None
        })?;
        let reply = unpack(key, &entry);
        if reply.is_none() {
            tracing::warn!(path = %self.0.path.display(), "an entry of the cache is damaged and counts as missing");
        }
        reply
    }

    pub(super) async fn keep(&self, key: Key, reply: &LmReply) {
        let Ok(entry) = pack(&key, reply) else {
            return;
        };
        let inner = Arc::clone(&self.0);
        let written = spawn_blocking(move || inner.put(key, &entry)).await;
        if let Ok(Err(error)) = written {
            tracing::warn!(path = %self.0.path.display(), %error, "the cache cannot be written");
        }
    }

    /// The flight that asks for `key`, perhaps already under way.
    pub(super) fn board(&self, key: Key) -> InFlight<'_> {
        let cell = Arc::clone(self.0.flights().entry(key).or_default());
        InFlight { store: &self.0, key, cell }
    }

    #[cfg(test)]
    pub(super) fn flights(&self) -> usize {
        self.0.flights().len()
    }
}

impl InFlight<'_> {
    /// The answer of the first who got to ask; where that one was dropped, the next asks.
    pub(super) async fn answer(&self, ask: impl Future<Output = Result<LmReply, LmError>>) -> Result<LmReply, LmError> {
        self.cell.get_or_init(|| ask).await.clone()
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        let mut flights = self.store.flights();
        let ours = flights.get(&self.key).is_some_and(|cell| Arc::ptr_eq(cell, &self.cell));
        // two owners: this flight and the map
        if ours && (self.cell.initialized() || Arc::strong_count(&self.cell) == 2) {
            flights.remove(&self.key);
        }
    }
}

impl Inner {
    fn read(&self, key: &Key) -> Result<Option<Vec<u8>>, redb::Error> {
        let table = self.database.begin_read()?.open_table(REPLIES)?;
        Ok(table.get(key)?.map(|entry| entry.value().to_vec()))
    }

    fn put(&self, key: Key, entry: &[u8]) -> Result<(), redb::Error> {
        let durability = match self.unsynced.fetch_add(1, Ordering::Relaxed) % BATCH {
            n if n == BATCH - 1 => Durability::Immediate,
            _ => Durability::None,
        };
        self.write(durability, Some((key, entry)))
    }

    fn write(&self, durability: Durability, entry: Option<(Key, &[u8])>) -> Result<(), redb::Error> {
        let mut transaction = self.database.begin_write()?;
        transaction.set_durability(durability)?;
        {
            let mut table = transaction.open_table(REPLIES)?;
            if let Some((key, value)) = entry {
                table.insert(key, value)?;
            }
        }
        Ok(transaction.commit()?)
    }

    fn flights(&self) -> MutexGuard<'_, HashMap<Key, Arc<Cell>>> {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Err(error) = self.write(Durability::Immediate, None) {
            tracing::warn!(path = %self.path.display(), %error, "the cache cannot be flushed");
        }
    }
}

impl fmt::Debug for CacheStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CacheStore").field(&self.0.path).finish()
    }
}

fn open_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn pack(key: &Key, reply: &LmReply) -> Result<Vec<u8>, serde_json::Error> {
    let json = serde_json::to_vec(reply)?;
    Ok([checksum(key, &json).as_slice(), &json].concat())
}

fn unpack(key: &Key, entry: &[u8]) -> Option<LmReply> {
    let (sum, json) = entry.split_at_checked(CHECKSUM_BYTES)?;
    (sum == checksum(key, json)).then(|| serde_json::from_slice(json).ok())?
}

fn checksum(key: &Key, json: &[u8]) -> [u8; CHECKSUM_BYTES] {
    Sha256::new().chain_update(key).chain_update(json).finalize().into()
}

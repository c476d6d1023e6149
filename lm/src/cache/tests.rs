#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use std::sync::Arc;

use abide_base::usage::Usage;
use futures_util::{FutureExt, future::join_all, join};
use redb::{Database, ReadableTable, TableDefinition};

use super::store::Key;
use crate::{
    Finish, Lm, LmError, LmReply,
    cache::*,
    testing::{Scripted, ask},
};

const TABLE: TableDefinition<Key, &[u8]> = TableDefinition::new("lm-replies-v1");

struct Bench {
    directory: tempfile::TempDir,
    model: Arc<Scripted>,
}

impl Bench {
    fn new(model: Scripted) -> Self {
        Self { directory: tempfile::tempdir().unwrap(), model: Arc::new(model) }
    }

    fn path(&self) -> std::path::PathBuf {
        self.directory.path().join("cache.redb")
    }

    fn cache(&self) -> DiskCache {
        let store = CacheStore::open(self.path()).unwrap();
        self.over(store, "https://api.example.com/v1")
    }

    fn over(&self, store: CacheStore, endpoint: &str) -> DiskCache {
        DiskCache::new(Arc::clone(&self.model) as Arc<dyn Lm>, &endpoint.parse().unwrap(), store)
    }
}

fn priced() -> LmReply {
    let mut reply = LmReply::new("priced");
    reply.usage = Usage { prompt_tokens: 7, completion_tokens: 5, micro_dollars: 3, ..Usage::default() };
    reply
}

#[tokio::test]
async fn a_known_request_is_not_asked_again_even_after_a_restart() {
    let bench = Bench::new(Scripted::new([Ok(priced())]));
    let cache = bench.cache();
    assert_eq!(cache.complete(&ask("a")).await, Ok(priced()));
    let mut hit = priced();
    hit.attempts = 0;
    hit.usage.micro_dollars = 0;
    assert_eq!(cache.complete(&ask("a")).await, Ok(hit.clone()));
    drop(cache);
    assert_eq!(bench.cache().complete(&ask("a")).await, Ok(hit));
    assert_eq!(bench.model.calls(), 1);
}

#[tokio::test]
async fn whatever_can_change_the_answer_changes_the_key() {
    let bench = Bench::new(Scripted::new([]));
    let cache = bench.cache();
    let mut requests = vec![ask("a"), ask("b")];
    for seed in [1, 9_007_199_254_740_992, 9_007_199_254_740_993] {
        let mut request = ask("a");
        request.sampling.seed = Some(seed);
        requests.push(request);
    }
    for temperature in [0.0, 0.1] {
        let mut request = ask("a");
        request.sampling.temperature = Some(temperature);
        requests.push(request);
    }
    let mut longer = ask("a");
    longer.max_tokens += 1;
    let mut json = ask("a");
    json.format = crate::ReplyFormat::Json;
    requests.extend([longer, json]);
    for request in &requests {
        assert_eq!(cache.complete(request).await.unwrap().attempts, 1);
    }
    let elsewhere = bench.over(cache.store.clone(), "https://api.example.com/v2");
    assert_eq!(elsewhere.complete(&ask("a")).await.unwrap().attempts, 1);
    let signed_in = bench.over(cache.store.clone(), "https://me:hunter2@api.example.com/v1?k=v");
    assert_eq!(signed_in.endpoint, cache.endpoint);
    assert_eq!(signed_in.complete(&ask("a")).await.unwrap().attempts, 0);
}

#[tokio::test]
async fn only_complete_replies_are_kept() {
    let mut cut = priced();
    cut.finish = Finish::Limit;
    let failure = LmError::RateLimited { retry_after: None };
    let bench = Bench::new(Scripted::new([Ok(cut.clone()), Err(failure.clone())]));
    let cache = bench.cache();
    assert_eq!(cache.complete(&ask("a")).await, Ok(cut));
    assert_eq!(cache.complete(&ask("a")).await, Err(failure));
    assert_eq!(cache.complete(&ask("a")).await.unwrap().attempts, 1);
    assert_eq!(cache.complete(&ask("a")).await.unwrap().attempts, 0);
}

#[tokio::test]
async fn a_damaged_entry_counts_as_missing() {
    let damages: [fn(&mut Vec<u8>); 3] =
        [|entry| *entry.last_mut().unwrap() ^= 1, |entry| entry[0] ^= 1, |entry| entry.truncate(5)];
    for damage in damages {
        let bench = Bench::new(Scripted::new([]));
        bench.cache().complete(&ask("a")).await.unwrap();
        rewrite(&bench.path(), |_, entry| damage(entry));
        let cache = bench.cache();
        assert_eq!(cache.complete(&ask("a")).await.unwrap().attempts, 1);
        assert_eq!(cache.complete(&ask("a")).await.unwrap().attempts, 0);
    }
}

#[tokio::test]
async fn an_entry_under_another_key_counts_as_missing() {
    let bench = Bench::new(Scripted::new([]));
    bench.cache().complete(&ask("a")).await.unwrap();
    rewrite(&bench.path(), |key, _| key[0] ^= 1);
    let cache = bench.cache();
    let mut key = cache.key(&ask("a")).unwrap();
    key[0] ^= 1;
    assert_eq!(cache.store.find(&key), None);
}

#[tokio::test]
async fn a_crash_loses_the_newest_entries_only() {
    let bench = Bench::new(Scripted::new([]));
    let cache = bench.cache();
    let requests: Vec<_> = (0..150).map(|n| ask(&n.to_string())).collect();
    for request in &requests {
        cache.complete(request).await.unwrap();
    }
    let after_crash = bench.directory.path().join("copy.redb");
    std::fs::copy(bench.path(), &after_crash).unwrap();
    let store = CacheStore::open(&after_crash).unwrap();
    for (n, request) in requests.iter().enumerate() {
        let found = store.find(&cache.key(request).unwrap());
        assert!(found.is_some() || n >= 128, "entry {n}");
        assert!(found.is_none_or(|reply| reply.text == "fine"));
    }
}

#[tokio::test]
async fn identical_requests_side_by_side_are_asked_once() {
    let bench = Bench::new(Scripted::new([Ok(priced())]).closed());
    let cache = bench.cache();
    let request = ask("a");
    let (replies, ()) =
        join!(join_all((0..16).map(|_| cache.complete(&request))), async { bench.model.gate.add_permits(16) });
    let attempts: u32 = replies.iter().map(|r| r.as_ref().unwrap().attempts).sum();
    let money: u64 = replies.iter().map(|r| r.as_ref().unwrap().usage.micro_dollars).sum();
    assert_eq!((attempts, money, bench.model.calls()), (1, 3, 1));
}

#[tokio::test]
async fn a_dropped_call_leaves_no_flight_behind() {
    let bench = Bench::new(Scripted::new([]).closed());
    let cache = bench.cache();
    let request = ask("a");
    let waiting = cache.complete(&request);
    futures_util::pin_mut!(waiting);
    assert!(waiting.as_mut().now_or_never().is_none());
    assert!(cache.complete(&request).now_or_never().is_none());
    bench.model.gate.add_permits(1);
    assert_eq!(waiting.await.unwrap().attempts, 1);
    assert_eq!(bench.model.calls(), 1);
    assert_eq!(cache.store.flights(), 0);
    assert!(cache.complete(&ask("b")).now_or_never().is_none());
    assert_eq!(cache.store.flights(), 0);
}

#[tokio::test]
async fn a_file_that_cannot_serve_is_named() {
    let bench = Bench::new(Scripted::new([]));
    let cache = bench.cache();
    let twice = CacheStore::open(bench.path()).unwrap_err();
    drop(cache);
    std::fs::write(bench.path(), "no database, but long enough to look like a file".repeat(99)).unwrap();
    let foreign = CacheStore::open(bench.path()).unwrap_err();
    for error in [twice, foreign] {
        assert!(error.to_string().contains("cache.redb"), "{error}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn the_file_is_private() {
    use std::os::unix::fs::PermissionsExt;
    let bench = Bench::new(Scripted::new([]));
    drop(bench.cache());
    let mode = std::fs::metadata(bench.path()).unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0);
}

fn rewrite(path: &std::path::Path, change: impl Fn(&mut Key, &mut Vec<u8>)) {
    let database = Database::open(path).unwrap();
    let transaction = database.begin_write().unwrap();
    {
        let mut table = transaction.open_table(TABLE).unwrap();
        let (mut key, mut entry) = {
            let (key, entry) = table.first().unwrap().unwrap();
            (key.value(), entry.value().to_vec())
        };
        table.remove(key).unwrap();
        change(&mut key, &mut entry);
        table.insert(key, entry.as_slice()).unwrap();
    }
    transaction.commit().unwrap();
}

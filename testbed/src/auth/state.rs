use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, atomic::AtomicU64},
};

use super::{Algorithm, Client, Desk, Fault, Key};
use crate::serve::lock;

#[derive(Debug)]
pub(super) struct State {
    pub(super) issuer: String,
    pub(super) lifetime: u64,
    pub(super) algorithm: Algorithm,
    pub(super) key: Mutex<Arc<Key>>,
    pub(super) unpublished: Key,
    pub(super) clients: Mutex<BTreeMap<String, Client>>,
    pub(super) resources: Mutex<BTreeSet<String>>,
    pub(super) faults: Mutex<BTreeSet<Fault>>,
    pub(super) requests: AtomicU64,
    pub(super) tokens: AtomicU64,
    pub(super) key_sets: AtomicU64,
    pub(super) desk: Desk,
}

impl State {
    pub(super) fn has(&self, fault: Fault) -> bool {
        lock(&self.faults).contains(&fault)
    }
}

//! What fuzz targets see.

use std::time::{Duration, SystemTime};

use super::{
    chain,
    hash::{ChainHash, LogId},
    row::Entry,
};

/// A sound log of a first row and one row for each of the texts, which a killed process is said to have left.
pub fn log(texts: &[&[u8]]) -> Vec<u8> {
    let log = LogId::random();
    let (mut head, mut bytes) = (ChainHash::genesis(&log), Vec::new());
    let entries = [Entry::begin(&log, 0)].into_iter().chain(texts.iter().map(|text| Entry::torn(text)));
    for (number, mut entry) in (0..).zip(entries) {
        entry.stamp(number, SystemTime::UNIX_EPOCH + Duration::from_secs(number));
        let Ok(hash) = chain::seal(&mut bytes, &entry, head) else { return bytes };
        head = hash;
    }
    bytes
}

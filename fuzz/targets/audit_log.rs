#![no_main]
//! An audit, as it is; and a good one with a single byte changed, which is always found. The first line says where and how.

use abide::guard::audit::{Known, VerifyError, fuzzing, verify};
use abide_fuzz::assert_short;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let (line, rest) = bytes.split_at(bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len()));
    if let Err(error) = look(bytes) {
        assert_short(&error);
    }
    let texts: Vec<&[u8]> = rest.split(|byte| *byte == b'\n').take(8).collect();
    let mut log = fuzzing::log(&texts);
    let whole = look(&log).unwrap();
    assert_eq!(whole.rows, texts.len() as u64 + 1);
    let Some((flip, place)) = line.split_first().filter(|(flip, _)| **flip != 0) else { return };
    let place = place.iter().fold(0_usize, |place, byte| place.wrapping_mul(257) + usize::from(*byte));
    let at = place % log.len();
    log[at] ^= flip;
    let row = log[..at].iter().filter(|byte| **byte == b'\n').count() as u64 + 1;
    match look(&log) {
        Err(VerifyError::ChainBreak(bad)) => assert_eq!(bad.line, row, "byte {at}: {bad}"),
        other => panic!("byte {at}: {other:?}"),
    }
});

fn look(bytes: &[u8]) -> Result<abide::guard::audit::Verified, VerifyError> {
    verify([("log".to_owned(), bytes)], Known::default())
}

//! What was changed is found, and where it was changed.

use proptest::{prelude::*, sample::Index};
use sha2::{Digest as _, Sha256};

use super::super::tests::*;

#[test]
fn the_chain_can_be_followed_with_nothing_but_sha_256() {
    let hex = |bytes: &[u8]| Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let mut head = None;
    for line in lines(3) {
        let row: Value = serde_json::from_str(&line).unwrap();
        let prev = head.unwrap_or_else(|| hex(format!("abide audit 1 {}", row["log"].as_str().unwrap()).as_bytes()));
        assert_eq!(row["prev"], prev);
        let hash = row["hash"].as_str().unwrap().to_owned();
        assert_eq!(hash, hex(line.replace(&format!(",\"hash\":\"{hash}\""), "").as_bytes()));
        head = Some(hash);
    }
}

#[test]
fn every_way_to_break_it_has_a_name() {
    let good = lines(5);
    let with = |change: &dyn Fn(&mut Vec<String>)| {
        let mut lines = good.clone();
        change(&mut lines);
        let bad = bad(&lines);
        (bad.line, bad.row, bad.fault)
    };
    let other = lines(5);
    assert_eq!(with(&|lines| lines[2] = lines[2].replace("crm.lookup", "crm.refund")), (3, None, ChainFault::Changed));
    assert_eq!(with(&|lines| lines[2].clear()), (3, None, ChainFault::NoRow));
    assert_eq!(with(&|lines| drop(lines.remove(2))), (3, Some(3), ChainFault::Missing { expected: 2, found: 3 }));
    assert_eq!(with(&|lines| drop(lines.drain(..2))), (1, Some(2), ChainFault::NoBeginning));
    assert_eq!(with(&|lines| lines.push(lines[1].clone())), (7, Some(1), ChainFault::Repeated { expected: 6 }));
    assert_eq!(with(&|lines| lines.swap(2, 4)), (3, Some(4), ChainFault::Missing { expected: 2, found: 4 }));
    assert_eq!(with(&|lines| lines[2] = other[2].clone()), (3, Some(2), ChainFault::Replaced));
    assert_eq!(with(&|lines| lines.extend(other.clone())), (7, Some(0), ChainFault::OtherLog));
    let text = good.join("\n");
    let cut = verify([("a".to_owned(), text.as_bytes())], Known::default()).unwrap_err();
    assert_eq!(
        cut.to_string(),
        "`a`, line 6: the file ends in the middle of the line: it was cut, or its writer was killed or is writing now"
    );
    assert!(matches!(verify([("a".to_owned(), &b""[..])], Known::default()), Err(VerifyError::Empty(_))));
}

#[test]
fn rows_that_are_missing_at_the_end_are_found_by_who_kept_the_head() {
    let text = |lines: &[String]| lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    let good = lines(5);
    let look = |text: &str, known| verify([("log".to_owned(), text.as_bytes())], known);
    let whole = look(&text(&good), Known::default()).unwrap();
    assert_eq!((whole.rows, whole.last, whole.since), (6, 5, None));
    let cut = text(&good[..4]);
    let short = look(&cut, Known::default()).unwrap();
    assert_eq!(short.last, 3);
    let known = Known { head: Some(whole.head), ..Known::default() };
    let Err(VerifyError::ChainBreak(bad)) = look(&cut, known) else { panic!("rows are missing") };
    assert_eq!((bad.line, bad.row, bad.fault), (4, Some(3), ChainFault::NoHead(whole.head)));
    assert_eq!(look(&text(&good), known).unwrap().since, Some(0));
    // and it may have grown
    let known = Known { head: Some(short.head), ..Known::default() };
    assert_eq!(look(&text(&good), known).unwrap().since, Some(2));
    // without the files before, their last hash is needed
    let known = Known { after: Some(short.head), ..Known::default() };
    assert_eq!(look(&text(&good[4..]), known).unwrap().rows, 2);
    let Err(VerifyError::ChainBreak(bad)) = look(&text(&good[3..]), known) else { panic!("it follows another row") };
    assert_eq!((bad.line, bad.fault), (1, ChainFault::NotAfter));
}

#[test]
fn a_line_without_an_end_is_not_read_into_memory() {
    let endless = std::io::BufReader::new(std::io::repeat(b'x'));
    let Err(VerifyError::ChainBreak(bad)) = verify([("log".to_owned(), endless)], Known::default()) else { panic!() };
    assert_eq!(bad.fault, ChainFault::NoRow);
}

proptest! {
    #[test]
    fn any_single_change_is_found_at_the_first_bad_row(
        count in 2_usize..12,
        (first, second) in any::<(Index, Index)>(),
        at in any::<Index>(),
        flip in 1_u8..=255,
        change in 0..5,
    ) {
        let mut lines = lines(count);
        let (first, second) = (first.index(lines.len()), second.index(lines.len()));
        let (low, high) = (first.min(second), first.max(second));
        let expected = match change {
            0 => {
                let mut bytes = lines[first].clone().into_bytes();
                let at = at.index(bytes.len());
                bytes[at] ^= flip;
                // the verifier takes bytes, not text
                let mut text: Vec<u8> = lines[..first].iter().flat_map(|line| format!("{line}\n").into_bytes()).collect();
                text.extend(&bytes);
                text.extend(lines[first + 1..].iter().flat_map(|line| format!("\n{line}").into_bytes()));
                text.push(b'\n');
                let Err(VerifyError::ChainBreak(bad)) = verify([("log".to_owned(), &text[..])], Known::default()) else {
                    panic!("byte {at} of line {}", first + 1)
                };
                prop_assert_eq!(bad.line, first as u64 + 1);
                return Ok(());
            }
            // a last row that is missing is known only to who kept the head
            1 if first + 1 < lines.len() => {
                lines.remove(first);
                first
            }
            2 if low < high => {
                lines.swap(low, high);
                low
            }
            3 => {
                lines.insert(high + 1, lines[low].clone());
                high + 1
            }
            4 if low < high => {
                let moved = lines.remove(high);
                lines.insert(low, moved);
                low
            }
            _ => return Ok(()),
        };
        prop_assert_eq!(bad(&lines).line, expected as u64 + 1);
    }

    #[test]
    fn verifying_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(verify([("log".to_owned(), &bytes[..])], Known::default()).is_err());
    }
}

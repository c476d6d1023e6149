#![no_main]
//! A boundary file.

use abide::{Boundary, guard::BoundaryError};
use libfuzzer_sys::fuzz_target;

const SECRET: &str = "correct-horse-battery-staple";

fuzz_target!(|text: &str| {
    // no file is read but one that the fuzzer names by its whole path
    let parse = || Boundary::parse(text, "/nonexistent", &|name| (name == "SECRET").then(|| SECRET.to_owned()));
    match parse() {
        Ok(boundary) => {
            assert_eq!(parse().unwrap().policy().digest(), boundary.policy().digest());
            assert!(text.contains(SECRET) || !format!("{boundary:?}").contains(SECRET));
        }
        Err(error) => {
            assert!(text.contains(SECRET) || !format!("{error} {error:?}").contains(SECRET));
            let lines = text.lines().count() + 1;
            for problem in error.problems() {
                assert!(!problem.reason.is_empty());
                assert!(problem.line.is_none_or(|line| (1..=lines).contains(&line)), "{problem}");
            }
            assert!(!matches!(&error, BoundaryError::Invalid { problems, .. } if problems.is_empty()));
        }
    }
});

//! Tables of the documentation, and numbers as they stand in them.

use std::fmt::Debug;

/// The cells of each row below a header.
pub fn rows<'p>(page: &'p str, header: &str) -> Vec<Vec<&'p str>> {
    cells(page.lines().skip_while(|line| *line != header))
}

/// The cells of each row of the first table, without its head.
pub fn cells<'p>(lines: impl Iterator<Item = &'p str>) -> Vec<Vec<&'p str>> {
    let is_row = |line: &&str| line.starts_with('|');
    let rows = lines.skip_while(|line| !is_row(line)).take_while(is_row).skip(2);
    rows.map(|row| row.trim_matches('|').split(" | ").map(str::trim).collect()).collect()
}

/// With a comma after each group of three digits.
pub fn grouped(number: impl TryInto<u64, Error: Debug>) -> String {
    let digits = number.try_into().unwrap().to_string();
    let is_start = |at: usize| at > 0 && (digits.len() - at).is_multiple_of(3);
    let grouped = digits.char_indices().map(|(at, digit)| match is_start(at) {
        true => format!(",{digit}"),
        false => digit.to_string(),
    });
    grouped.collect()
}

/// A whole number of MiB.
pub fn mebibytes(bytes: impl TryInto<u64, Error: Debug>) -> String {
    let bytes = bytes.try_into().unwrap();
    assert!(bytes.is_multiple_of(1 << 20), "{bytes} bytes");
    format!("{} MiB", bytes >> 20)
}

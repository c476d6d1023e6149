//! The tables of `docs/servers.md` have the numbers of the code.

use abide_testbed::lab::page::{grouped, mebibytes, rows};

use super::super::tests::*;
use crate::client::{
    flood::Allowance,
    limit::{ANSWER_TIMEOUT, BYTES, MAX_REPLY, MAX_UNANSWERED, MESSAGES, REQUESTS},
    link::{CONNECT_TIMEOUT, MAX_STARTS, STARTS_WITHIN},
    listing,
    message::MAX_TOOLS,
    schemas::{MAX_VALUES_LEFT_OUT, MAX_VALUES_OF_SERVER, VALUES_OF_EXCESS},
};

const PAGE: &str = include_str!("../../../../docs/servers.md");

#[test]
fn the_page_has_the_limits_that_have_no_key() {
    let page = rows(PAGE, "| what | how much | settable |");
    let values = "JSON values in the schemas of a server's tools together, counted as for one schema; a tool with which there would \
                  be more is left out";
    let left_out = format!(
        "the same in the schemas of tools that are left out, where a schema above its limits counts as {}; after them no further tool of \
         the server is measured, and all are left out",
        grouped(VALUES_OF_EXCESS)
    );
    let list = format!("{} s, {MAX_PAGES} pages, {MAX_TOOLS} tools", listing::TIMEOUT.as_secs());
    let limits = [
        ("any other line of a program", mebibytes(MAX_REPLY)),
        ("any other answer of a server, such as a list of tools", mebibytes(MAX_REPLY)),
        ("a list of tools", list),
        (values, grouped(MAX_VALUES_OF_SERVER)),
        (&left_out, grouped(MAX_VALUES_LEFT_OUT)),
        ("the first answer over HTTP, waits included", format!("{} s", CONNECT_TIMEOUT.as_secs())),
        ("starts of a program", format!("{MAX_STARTS} in {} s", STARTS_WITHIN.as_secs())),
    ];
    let fixed: Vec<_> = page.iter().filter(|row| row[2] == "no").collect();
    let expected: Vec<_> = limits.iter().map(|(what, limit)| [*what, limit, "no"]).collect();
    assert_eq!(fixed, expected.iter().collect::<Vec<_>>());
}

#[test]
fn the_page_has_what_a_server_may_send_on_its_own() {
    let row = |allowance: Allowance| vec![grouped(allowance.at_once), grouped(allowance.per_second)];
    let bytes = vec![mebibytes(BYTES.at_once), mebibytes(BYTES.per_second)];
    let page = rows(PAGE, "| what | at once | each second after that |");
    let page: Vec<_> = page.into_iter().map(|row| row[1..].to_vec()).collect();
    assert_eq!(page, [row(REQUESTS), row(MESSAGES), bytes]);
    let (patience, answer) = (PATIENCE.as_secs(), ANSWER_TIMEOUT.as_secs());
    for text in [
        format!("for at most {patience} s in all;"),
        format!("gets these {patience} s back"),
        format!("while {MAX_UNANSWERED} of them have no answer, and a server has {answer} s to take one."),
    ] {
        assert!(PAGE.contains(&text), "{text}");
    }
}

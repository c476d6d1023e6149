//! The derive macros, from outside: what they generate, and what they refuse.

extern crate abide_signatures as abide;

mod default_path;
mod shadowed;
// public, so that the lints on public interfaces see what is generated
pub mod signature;
pub mod tunable;

#[test]
fn what_is_wrong_is_said_where_it_is_and_all_at_once() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}

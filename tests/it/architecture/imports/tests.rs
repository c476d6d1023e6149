use std::collections::BTreeMap;

use super::{Graph, graph};

#[test]
fn a_circle_is_found_however_the_names_are_written() {
    for (what, one, other) in [
        ("direct", "use crate::other::B; pub struct A(B);", "use crate::one::A; pub struct B(A);"),
        ("super", "use super::other::B; pub struct A;", "pub struct B; fn f(a: super::one::A) {}"),
        ("own name", "use own::other::B; pub struct A;", "pub struct B; fn f(a: ::own::one::A) {}"),
        ("re-exported in the parent", "use super::B; pub struct A;", "use crate::A; pub struct B;"),
        ("renamed", "use crate::C as D; pub struct A;", "use crate::one::{A as E}; pub struct B;"),
        ("glob of the parent", "use super::*; pub struct A(B);", "use crate::*; pub struct B; fn f(_: A) {}"),
        ("glob of the other", "use super::other::*; pub fn a() { b() }", "use super::one::*; pub fn b() { vec![a()] }"),
        ("glob of an enum", "use crate::other::E::*; pub struct A;", "use crate::A; pub enum E { X }"),
        ("module", "use crate::other; pub fn a() { other::b() }", "use super::one::{self}; pub fn b() { one::a() }"),
        ("module renamed", "use crate::other as o; pub fn a() { o::b() }", "pub fn b() { super::one::a() }"),
        (
            "inside a macro",
            "pub fn a() -> String { format!(\"{}\", super::other::b()) }",
            "pub fn b() { select! { x = c => vec![crate::one::a()] } }",
        ),
        (
            "use inside a function",
            "pub fn a() { use crate::other; { other::b() } }",
            "pub fn b() { if true { use crate::one::a as c; c() } }",
        ),
        (
            "inline module",
            "pub mod in_one { pub struct A; use crate::other::B; }",
            "pub struct B; type C = crate::in_one::A;",
        ),
        ("inline below", "pub struct A; mod x { fn f() { super::super::other::b() } }", "use crate::A; pub fn b() {}"),
        ("macro", "pub struct A; my!();", "use crate::A; macro_rules! my { () => {} }"),
        ("macro by path", "pub struct A; crate::my!();", "use crate::A; #[macro_export] macro_rules! my { () => {} }"),
        ("made by a macro", "use crate::other::B; pub fn a() {}", "make! { struct B; } fn f() { crate::one::a() }"),
        ("method", "use super::B; pub struct A;", "pub struct B; fn f() { crate::A::new().b() }"),
        ("pattern", "use super::B; pub struct A;", "pub struct B; fn f() { match x { crate::A { .. } => {} } }"),
        ("attribute", "use super::B; pub struct A;", "#[derive(crate::A)] pub struct B;"),
        ("field", "use super::B; pub struct A;", "pub struct B { #[cfg(test)] x: u8, a: crate::A }"),
    ] {
        let root = "extern crate self as own; mod one; mod other; pub use one::*; pub use other::{B, B as C};";
        let found = of(&[("lib", root), ("one", one), ("other", other)]);
        assert_eq!(circles(&found), ["one other"], "{what}: {:?}", found.arrows);
        assert!(found.unresolved.iter().all(|line| line.starts_with("`src/lib.rs`")), "{what}: {:?}", found.unresolved);
    }
}

#[test]
fn parents_children_and_longer_ways_make_circles() {
    let parent = of(&[
        ("lib", "mod up;"),
        ("up", "mod low; pub use low::B; pub struct A;"),
        ("up/low", "use super::A; pub struct B;"),
    ]);
    assert_eq!(circles(&parent), ["up up/low"]);
    let folder = [
        ("lib", "mod up;"),
        ("up/mod", "mod low; struct A(low::B);"),
        ("up/low/mod", "pub struct B; fn f(_: super::A) {}"),
    ];
    assert_eq!(circles(&of(&folder)), ["up/low/mod up/mod"]);
    let found = of(&[
        ("lib", "mod a; mod b; mod c; mod d;"),
        ("a", "use crate::b::B; pub struct A;"),
        ("b", "use crate::c::C; pub struct B;"),
        ("c", "use crate::{a::A, d::D}; pub struct C;"),
        ("d", "pub struct D;"),
    ]);
    assert_eq!(circles(&found), ["a b c"]);
    let text = found.circles()[0].to_string();
    assert!(
        text.starts_with("3 files use each other: src/a.rs, src/b.rs, src/c.rs\n    src/a.rs -> src/b.rs: B\n"),
        "{text}"
    );
}

#[test]
fn what_uses_nothing_back_is_no_circle() {
    for (what, one, other) in [
        ("tests", "use crate::B; pub struct A;", "pub struct B; #[cfg(test)] mod tests { use crate::A; }"),
        (
            "test items",
            "use crate::B; pub struct A;",
            "pub struct B; #[cfg(all(test, unix))] fn f<X, Y>(_: crate::A) {}",
        ),
        ("fuzzing", "use crate::B; pub struct A;", "pub struct B; impl B { #[cfg(fuzzing)] fn f(_: crate::A) {} }"),
        (
            "text",
            "use crate::B; pub struct A;",
            "//! [`crate::A`]\n/// crate::A\npub struct B; const T: &str = \"crate::A\";",
        ),
        ("modules alone", "use crate::other; pub struct A;", "use crate::one; pub struct B;"),
        ("module, no function", "pub fn other() {} use super::other as o; fn f() { o::b() }", "pub fn b() {}"),
        ("fields and methods", "use super::*; pub fn a() { x.b(); y.b }", "use super::*; pub fn b() { a() }"),
        ("both use a third", "use crate::third::C; pub struct A(C);", "use super::C; pub struct B(C);"),
    ] {
        let root = "mod one; mod other; mod third; pub use one::*; pub use other::*; pub use third::C;";
        let found = of(&[("lib", root), ("one", one), ("other", other), ("third", "pub struct C;")]);
        assert_eq!(circles(&found), [""; 0], "{what}: {:?}", found.arrows);
    }
    let found = of(&[
        ("lib", "mod up; pub use up::{A, B};"),
        ("up", "mod a; mod b; mod c; pub use a::A; pub use b::*; use c::C;"),
        ("up/a", "use super::B; pub struct A;"),
        ("up/b", "use super::C; pub struct B;"),
        ("up/c", "pub struct C;"),
    ]);
    assert_eq!(circles(&found), [""; 0]);
    assert!(found.arrows["src/up/a.rs"].contains_key("src/up/b.rs") && found.besides.is_empty());
}

#[test]
fn a_module_and_a_function_of_one_name_are_told_apart() {
    let found = |other: &str| {
        let root = "mod deep; mod one; mod other;";
        let deep = "pub mod name; pub use crate::one::name;";
        let one = "pub fn name() { crate::other::b() }";
        circles(&of(&[("lib", root), ("deep", deep), ("deep/name", "pub fn f() {}"), ("one", one), ("other", other)]))
    };
    assert_eq!(found("use crate::deep::name; pub fn b() { name::f() }"), [""; 0]);
    assert_eq!(found("use crate::deep::name; pub fn b() { name() }"), ["one other"]);
    assert_eq!(found("pub fn b() { crate::deep::name() }"), ["one other"]);
}

#[test]
fn test_modules_are_no_files_of_the_graph() {
    let root = "mod one; #[cfg(test)] mod testing; #[cfg(fuzzing)] pub mod fuzzing;";
    let one = "pub struct A; #[cfg(test)] mod tests;";
    let found = of(&[
        ("lib", root),
        ("main", ""),
        ("one", one),
        ("one/tests", "mod x;"),
        ("testing", "use crate::A;"),
        ("testing/log", ""),
        ("fuzzing", ""),
    ]);
    assert_eq!(found.arrows.keys().collect::<Vec<_>>(), ["src/lib.rs", "src/one.rs"]);
    assert_eq!(found.unresolved, [""; 0]);
}

#[test]
fn a_path_that_leads_nowhere_is_told() {
    for bad in
        ["use crate::one::Gone;", "fn f() { super::gone() }", "use self::gone::B;", "fn f() { vec![crate::gone::f()] }"]
    {
        let found = of(&[("lib", "mod one;"), ("one", bad)]);
        assert_eq!(found.unresolved.len(), 1, "{bad}: {:?}", found.unresolved);
    }
    assert_eq!(of(&[("lib", "mod gone;")]).unresolved, ["`src/lib.rs` declares `gone`, which has no file"]);
    assert_eq!(of(&[("lib", ""), ("stray", "")]).unresolved, ["`src/stray.rs` is the file of no module"]);
    let good = "use std::fmt; pub use serde::*; fn f(x: crate::one::Serialize) -> fmt::Result { Vec::<u8>::new(); x.y::<u8>() }";
    assert_eq!(of(&[("lib", "mod one;"), ("one", good)]).unresolved, [""; 0]);
}

#[test]
fn a_file_that_declares_and_defines_is_told() {
    let both = |text: &str| of(&[("lib", text), ("one", "pub struct A;")]).besides;
    for (bad, what) in [
        ("mod one; fn f() {}", "fn f"),
        ("mod one; impl one::A {}", "impl"),
        ("mod one; mod inline { pub const C: u8 = 0; }", "const C"),
        ("mod one; macro_rules! m { () => {} }", "macro_rules m"),
        ("mod one; pub(crate) static mut S: u8 = 0; pub type T = u8;", "static S, type T"),
    ] {
        assert_eq!(both(bad), [format!("`src/lib.rs` defines {what}")], "{bad}");
    }
    for good in [
        "//! Text.\n#![allow(x)] extern crate self as own; pub mod one; pub use one::A; call!(); #[cfg(test)] mod tests;",
        "mod one; #[cfg(test)] fn f() {}",
    ] {
        assert_eq!(both(good), [""; 0], "{good}");
    }
    assert_eq!(of(&[("lib", "pub struct A; mod inline {} #[cfg(test)] mod tests;")]).besides, [""; 0]);
}

/// The graph of files in `src`, each with its name without extension.
fn of(files: &[(&str, &str)]) -> Graph {
    let texts: BTreeMap<String, String> =
        files.iter().map(|(name, text)| (format!("src/{name}.rs"), (*text).to_owned())).collect();
    graph("src/lib.rs", texts)
}

fn circles(graph: &Graph) -> Vec<String> {
    let name = |file: &String| file.trim_start_matches("src/").trim_end_matches(".rs").to_owned();
    let names = |circle: super::Circle| circle.files.iter().map(name).collect::<Vec<_>>().join(" ");
    graph.circles().into_iter().map(names).collect()
}

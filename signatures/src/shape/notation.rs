//! Types in the compact notation that models are shown, and in a few words for errors.

use std::fmt::{self, Write};

use super::{Kind, Node, Shape};

/// Longer notations are broken into lines, a member each.
const LINE: usize = 72;

/// What must stand there, in a few words.
pub(super) fn expected(node: &Node) -> String {
    match &node.kind {
        Kind::Text => "text".to_owned(),
        Kind::Choice(words) => {
            format!("one of {}", words.iter().map(|word| word.word.as_str()).collect::<Vec<_>>().join(", "))
        }
        Kind::Integer => format!("a whole number{}", range(node)),
        Kind::Number => format!("a number{}", range(node)),
        Kind::Boolean => "true or false".to_owned(),
        Kind::Null => "null".to_owned(),
        Kind::List(item) => format!("a list, each item {}", expected(item)),
        Kind::Tuple(items) => format!("a list of {} items", items.len()),
        Kind::Map(_) => "an object".to_owned(),
        Kind::Object(members) => {
            let names: Vec<String> = members.iter().filter(|m| m.required).map(|m| format!("`{}`", m.name)).collect();
            if names.is_empty() { "an object".to_owned() } else { format!("an object with {}", names.join(", ")) }
        }
        Kind::Optional(inner) => format!("{} or null", expected(inner)),
        Kind::OneOf(nodes) => nodes.iter().map(expected).collect::<Vec<_>>().join(", or "),
        Kind::Named(name) => format!("a `{name}`"),
        Kind::Any => "JSON".to_owned(),
    }
}

fn range(node: &Node) -> String {
    match (node.constraints.min, node.constraints.max) {
        (Some(min), Some(max)) => format!(" from {min} to {max}"),
        (Some(min), None) => format!(" of at least {min}"),
        (None, Some(max)) => format!(" of at most {max}"),
        (None, None) => String::new(),
    }
}

/// For prompts: the type on one line where it fits, else an indented block; then the types that it names.
impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        write_node(&mut text, &self.root, 0)?;
        for (name, node) in &self.definitions {
            let name = if name == "#" { "Self" } else { name };
            write!(text, "\nwhere {name} = ")?;
            write_node(&mut text, node, 0)?;
        }
        f.write_str(&text)
    }
}

fn write_node(out: &mut String, node: &Node, depth: usize) -> fmt::Result {
    match &node.kind {
        Kind::Text => out.write_str("string")?,
        Kind::Choice(words) => write_words(out, words)?,
        Kind::Integer => out.write_str("integer")?,
        Kind::Number => out.write_str("number")?,
        Kind::Boolean => out.write_str("boolean")?,
        Kind::Null => out.write_str("null")?,
        Kind::Any => out.write_str("any JSON value")?,
        Kind::Named(name) => out.write_str(if name == "#" { "Self" } else { name })?,
        Kind::List(item) => {
            out.write_str("list of ")?;
            write_node(out, item, depth)?;
        }
        Kind::Map(inner) => {
            out.write_str("map of string to ")?;
            write_node(out, inner, depth)?;
        }
        Kind::Optional(inner) => {
            write_node(out, inner, depth)?;
            out.write_str(if matches!(inner.kind, Kind::Choice(_)) { ", or null" } else { " or null" })?;
        }
        Kind::OneOf(nodes) => write_all(out, nodes, " | ", depth)?,
        Kind::Tuple(nodes) => {
            out.write_char('[')?;
            write_all(out, nodes, ", ", depth)?;
            out.write_char(']')?;
        }
        Kind::Object(members) => write_object(out, members, depth)?,
    }
    match node.constraints.to_string().strip_prefix(", ") {
        Some(constraints) => write!(out, " ({constraints})"),
        None => Ok(()),
    }
}

fn write_all(out: &mut String, nodes: &[Node], between: &str, depth: usize) -> fmt::Result {
    for (i, node) in nodes.iter().enumerate() {
        if i > 0 {
            out.write_str(between)?;
        }
        write_node(out, node, depth)?;
    }
    Ok(())
}

/// Words, each with what it means.
fn write_words(out: &mut String, words: &[super::Word]) -> fmt::Result {
    out.write_str("one of ")?;
    for (i, word) in words.iter().enumerate() {
        out.write_str(if i > 0 { ", " } else { "" })?;
        out.write_str(&word.word)?;
        if !word.docs.is_empty() {
            write!(out, " ({})", one_line(&word.docs))?;
        }
    }
    Ok(())
}

fn write_object(out: &mut String, members: &[super::Member], depth: usize) -> fmt::Result {
    let mut parts = Vec::new();
    for member in members {
        let mut part = format!("\"{}\"{}: ", member.name, if member.required { "" } else { "?" });
        write_node(&mut part, &member.node, depth + 1)?;
        if !member.node.docs.is_empty() {
            write!(part, " ({})", one_line(&member.node.docs))?;
        }
        parts.push(part);
    }
    let flat = parts.join(", ");
    if flat.len() <= LINE && !flat.contains('\n') {
        return write!(out, "{{{flat}}}");
    }
    let indent = "  ".repeat(depth + 1);
    out.write_char('{')?;
    for part in parts {
        write!(out, "\n{indent}{part}")?;
    }
    write!(out, "\n{}}}", "  ".repeat(depth))
}

fn one_line(docs: &str) -> String {
    docs.split_whitespace().collect::<Vec<_>>().join(" ")
}

//! Rust source as tokens: comments are no code, strings are kept apart, `#[cfg(test)]` items are left out.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// One source file without its test items.
pub(crate) struct Source {
    /// Relative to the root of the repository, with `/`.
    pub(crate) file: String,
    pub(crate) lines: usize,
    /// Every path with two or more segments, and every use tree, one entry for each leaf.
    pub(crate) paths: Vec<Vec<String>>,
    /// Every identifier and punctuation mark in order, through all groups.
    pub(crate) words: Vec<String>,
    /// Every string, those of attributes included and those of documentation not.
    pub(crate) texts: Vec<String>,
    /// Files of `#[cfg(test)] mod name;`, without extension.
    test_modules: Vec<String>,
}

impl Source {
    pub(crate) fn new(file: &str, text: &str) -> Self {
        let tokens: TokenStream = text.parse().unwrap_or_else(|error| panic!("`{file}` is no Rust: {error}"));
        let folder = folder(file);
        let mut test_modules = Vec::new();
        let tokens = without_tests(tokens, &folder, &mut test_modules);
        let (file, lines) = (file.to_owned(), text.lines().count());
        let mut source = Self { file, lines, paths: vec![], words: vec![], texts: vec![], test_modules };
        collect_paths(&tokens, &mut source.paths);
        collect_words(&tokens, &mut source.words);
        collect_texts(&tokens, &mut source.texts);
        source
    }

    /// The module path of the file inside its crate: `lm/src/cache.rs` is `["lm", "cache"]`, `src/lib.rs` is `[]`.
    pub(crate) fn module(&self) -> Vec<&str> {
        let inside = self.file.split_once("src/").map_or(self.file.as_str(), |(_, inside)| inside);
        let stem = inside.trim_end_matches(".rs").trim_end_matches("/mod");
        if stem == "lib" { Vec::new() } else { stem.split('/').collect() }
    }
}

/// All files below `folder` that are not tests, by name.
pub(crate) fn read(root: &Path, folder: &str) -> Vec<Source> {
    let mut sources: Vec<Source> = texts(root, folder).iter().map(|(name, text)| Source::new(name, text)).collect();
    let tests: Vec<String> = sources.iter().flat_map(|source| source.test_modules.clone()).collect();
    sources.retain(|source| !is_below(&source.file, &tests));
    sources
}

/// What stands in all files below `folder`, by name.
pub(crate) fn texts(root: &Path, folder: &str) -> BTreeMap<String, String> {
    let mut files = Vec::new();
    walk(&root.join(folder), &mut files);
    let name = |path: &Path| path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
    files.iter().map(|path| (name(path), fs::read_to_string(path).unwrap())).collect()
}

/// Whether a file is one of these modules, or is inside one.
pub(crate) fn is_below(file: &str, modules: &[String]) -> bool {
    let stem = file.trim_end_matches(".rs").trim_end_matches("/mod");
    modules.iter().any(|module| stem == module || stem.starts_with(&format!("{module}/")))
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("`{}`: {error}", folder.display())) {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// Where the modules that a file declares are.
pub(crate) fn folder(file: &str) -> String {
    let stem = file.trim_end_matches(".rs");
    ["/lib", "/main", "/mod"].iter().find_map(|root| stem.strip_suffix(root)).unwrap_or(stem).to_owned()
}

/// Tokens without what is compiled for tests or for a fuzzer only. `modules` gets the files that this leaves out.
pub(crate) fn without_tests(tokens: TokenStream, folder: &str, modules: &mut Vec<String>) -> Vec<TokenTree> {
    let mut kept = Vec::new();
    let mut rest = tokens.into_iter().peekable();
    while let Some(token) = rest.next() {
        if !(is_mark(&token, '#') && rest.peek().is_some_and(is_for_tests)) {
            kept.push(token);
            continue;
        }
        let item = one_item(&mut rest);
        if let Some([.., name, _]) = item.windows(3).find(|words| words[0] == "mod" && words[2] == ";") {
            modules.push(format!("{folder}/{name}"));
        }
    }
    kept
}

/// Takes what an attribute stands at: an item, a statement, a field or a variant.
fn one_item(rest: &mut impl Iterator<Item = TokenTree>) -> Vec<String> {
    let mut item: Vec<String> = Vec::new();
    let mut listed = true;
    for token in rest {
        let end = match &token {
            TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
            TokenTree::Punct(punct) => punct.as_char() == ';' || (listed && punct.as_char() == ','),
            _ => false,
        };
        item.push(token.to_string());
        // the commas of an item are between its type parameters
        listed &= !matches!(
            item.last().unwrap().as_str(),
            "const" | "enum" | "fn" | "impl" | "static" | "struct" | "trait" | "type"
        );
        if end {
            break;
        }
    }
    item
}

/// Whether an attribute, without its `#`, leaves something to tests or to a fuzzer.
fn is_for_tests(attribute: &TokenTree) -> bool {
    let TokenTree::Group(attribute) = attribute else { return false };
    match attribute.stream().into_iter().collect::<Vec<_>>().as_slice() {
        [TokenTree::Ident(cfg), TokenTree::Group(condition)] if cfg == "cfg" => {
            is_test_condition(&condition.stream().into_iter().collect::<Vec<_>>())
        }
        _ => false,
    }
}

fn is_test_condition(condition: &[TokenTree]) -> bool {
    match condition {
        [TokenTree::Ident(word)] => word == "test" || word == "fuzzing",
        [TokenTree::Ident(word), TokenTree::Group(parts)] => {
            let parts: Vec<TokenTree> = parts.stream().into_iter().collect();
            let mut parts = parts.split(|token| is_mark(token, ',')).filter(|part| !part.is_empty());
            (word == "all" && parts.any(is_test_condition)) || (word == "any" && parts.all(is_test_condition))
        }
        _ => false,
    }
}

fn collect_words(tokens: &[TokenTree], words: &mut Vec<String>) {
    for token in tokens {
        match token {
            TokenTree::Group(group) => collect_words(&group.stream().into_iter().collect::<Vec<_>>(), words),
            TokenTree::Literal(_) => words.push("\"\"".into()),
            other => words.push(other.to_string()),
        }
    }
}

fn collect_texts(tokens: &[TokenTree], texts: &mut Vec<String>) {
    for (at, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Group(group) => {
                let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                let attribute =
                    at > 0 && matches!(&tokens[at - 1], TokenTree::Punct(mark) if matches!(mark.as_char(), '#' | '!'));
                let documentation = matches!(inner.first(), Some(TokenTree::Ident(name)) if name == "doc");
                if !(attribute && documentation) {
                    collect_texts(&inner, texts);
                }
            }
            TokenTree::Literal(literal) => texts.extend(unquoted(&literal.to_string())),
            _ => {}
        }
    }
}

/// What a string literal says, as far as it matters here: an escaped line end is none.
fn unquoted(literal: &str) -> Option<String> {
    let inside = literal.trim_start_matches(['r', '#']).trim_end_matches('#').strip_prefix('"')?.strip_suffix('"')?;
    let mut lines = inside.split("\\\n");
    let first = lines.next()?.to_owned();
    Some(lines.fold(first, |text, line| text + line.trim_start()).replace("\\\"", "\""))
}

fn collect_paths(tokens: &[TokenTree], paths: &mut Vec<Vec<String>>) {
    let mut at = 0;
    let mut imported = false;
    while let Some(token) = tokens.get(at) {
        match token {
            TokenTree::Ident(word) if word == "use" => {
                imported = true;
                at += if is_separator(&tokens[at + 1..]) { 3 } else { 1 };
                continue;
            }
            TokenTree::Ident(_) => at += one_path(&tokens[at..], &[], imported, paths),
            TokenTree::Group(group) => {
                let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                if imported {
                    tree(&inner, &[], paths);
                } else {
                    collect_paths(&inner, paths);
                }
                at += 1;
            }
            _ => at += 1,
        }
        imported = false;
    }
}

/// Reads the path at the front of `tokens`, and returns how many tokens it has.
fn one_path(tokens: &[TokenTree], prefix: &[String], alone: bool, paths: &mut Vec<Vec<String>>) -> usize {
    let mut path = prefix.to_vec();
    path.push(tokens[0].to_string().trim_start_matches("r#").to_owned());
    let mut at = 1;
    while is_separator(&tokens[at..]) {
        match tokens.get(at + 2) {
            Some(TokenTree::Ident(ident)) => path.push(ident.to_string().trim_start_matches("r#").to_owned()),
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                tree(&group.stream().into_iter().collect::<Vec<_>>(), &path, paths);
                return at + 3;
            }
            Some(TokenTree::Punct(star)) if star.as_char() == '*' => path.push("*".into()),
            _ => break,
        }
        at += 3;
    }
    if alone || path.len() > 1 {
        paths.push(path);
    }
    at
}

fn tree(tokens: &[TokenTree], prefix: &[String], paths: &mut Vec<Vec<String>>) {
    for leaf in tokens.split(|token| is_mark(token, ',')).filter(|leaf| !leaf.is_empty()) {
        let start = if is_separator(leaf) { 2 } else { 0 };
        if leaf.len() > start {
            one_path(&leaf[start..], prefix, true, paths);
        }
    }
}

/// Whether `::` is at the front.
pub(crate) fn is_separator(tokens: &[TokenTree]) -> bool {
    matches!(tokens, [first, second, ..] if is_mark(first, ':') && is_mark(second, ':'))
}

pub(crate) fn is_mark(token: &TokenTree, mark: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == mark)
}

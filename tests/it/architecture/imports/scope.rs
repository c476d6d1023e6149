//! One crate as modules with their items and imports, and every path that they mention.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

use super::super::source::{folder, is_mark, is_separator, without_tests};

/// The scope of the crate root.
pub(crate) const ROOT: usize = 0;

/// A module, or a block with imports of its own.
#[derive(Default)]
pub(crate) struct Scope {
    pub(crate) file: String,
    /// Where the files of its modules are.
    folder: String,
    /// What is around it; `None` for the crate root.
    pub(crate) parent: Option<usize>,
    /// A block sees the names of what is around it, a module does not.
    pub(crate) block: bool,
    pub(crate) modules: BTreeMap<String, usize>,
    pub(crate) items: BTreeSet<String>,
    pub(crate) imports: Vec<Import>,
    /// Every word inside the macros that stand among its items: some are names of items that a macro makes.
    pub(crate) made: BTreeSet<String>,
}

/// One leaf of a `use`.
pub(crate) struct Import {
    /// The name it has here; `*` stands for all.
    pub(crate) name: String,
    pub(crate) path: Vec<String>,
}

/// A path of one or more words. The first is `::` where the path begins with it.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Mention {
    pub(crate) scope: usize,
    pub(crate) path: Vec<String>,
    pub(crate) form: Form,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Form {
    Path,
    /// A macro is called.
    Call,
    /// One leaf of a `use` that is not `pub`.
    Import,
}

#[derive(Default)]
pub(crate) struct Crate {
    texts: BTreeMap<String, String>,
    pub(crate) scopes: Vec<Scope>,
    pub(crate) mentions: BTreeSet<Mention>,
    /// What the crate calls itself: `extern crate self as name;`.
    pub(crate) name: Option<String>,
    /// The files of every `macro_rules!`.
    pub(crate) macros: BTreeMap<String, BTreeSet<String>>,
    /// Files with a `mod name;`.
    pub(crate) declaring: BTreeSet<String>,
    /// What each file defines, in words.
    pub(crate) defined: BTreeMap<String, BTreeSet<String>>,
    /// Files that are for tests only, without extension.
    pub(crate) tests: Vec<String>,
    /// Modules whose file is not there.
    pub(crate) absent: Vec<String>,
}

impl Crate {
    /// Reads a crate from its root on; what no `mod` leads to is left out.
    pub(crate) fn new(root: &str, texts: BTreeMap<String, String>) -> Self {
        let mut all = Self { texts, ..Self::default() };
        all.file(root, None);
        all
    }

    fn file(&mut self, file: &str, parent: Option<usize>) -> usize {
        let text = self.texts.get(file).unwrap_or_else(|| panic!("`{file}` is not there"));
        let tokens: TokenStream = text.parse().unwrap_or_else(|error| panic!("`{file}` is no Rust: {error}"));
        self.defined.entry(file.to_owned()).or_default();
        let scope = Scope { file: file.to_owned(), folder: folder(file), parent, ..Scope::default() };
        self.scope(scope, tokens)
    }

    fn scope(&mut self, scope: Scope, tokens: TokenStream) -> usize {
        let (at, is_module) = (self.scopes.len(), !scope.block);
        self.scopes.push(scope);
        self.tokens(tokens, at, is_module);
        at
    }

    /// Reads what is in one group, or in a file. Only where `items` are do they have names for others.
    fn tokens(&mut self, tokens: TokenStream, scope: usize, items: bool) {
        let tokens = without_tests(tokens, &self.scopes[scope].folder, &mut self.tests);
        let mut at = 0;
        while at < tokens.len() {
            let item = if items { self.item(&tokens[at..], scope) } else { None };
            at += item.unwrap_or_else(|| self.token(&tokens, at, scope));
        }
    }

    /// Reads an item up to its name, a module to its end; how many tokens that are, or `None` where no item begins.
    fn item(&mut self, tokens: &[TokenTree], scope: usize) -> Option<usize> {
        let word = word(tokens.first()?)?;
        let rest = &tokens[1..];
        match (word.as_str(), rest) {
            ("mod", [TokenTree::Ident(name), next, ..]) => {
                self.module(&name.to_string(), next, scope);
                Some(3)
            }
            ("extern", [TokenTree::Ident(word), own, _as, name, ..])
                if word == "crate" && own.to_string() == "self" =>
            {
                self.name = Some(name.to_string());
                Some(5)
            }
            ("macro_rules", [_, TokenTree::Ident(name), TokenTree::Group(group), ..]) => {
                let file = self.scopes[scope].file.clone();
                self.macros.entry(name.to_string()).or_default().insert(file);
                self.define(scope, &word, name.to_string());
                words(group.stream(), &mut self.scopes[scope].made);
                None
            }
            (_, [mark, TokenTree::Group(group), ..]) if is_mark(mark, '!') => {
                words(group.stream(), &mut self.scopes[scope].made);
                None
            }
            ("impl", _) => {
                let file = self.scopes[scope].file.clone();
                self.defined.entry(file).or_default().insert(word);
                None
            }
            ("static", [TokenTree::Ident(word), TokenTree::Ident(name), ..]) if word == "mut" => {
                self.define(scope, "static", name.to_string());
                Some(3)
            }
            (
                "const" | "enum" | "fn" | "static" | "struct" | "trait" | "type" | "union",
                [TokenTree::Ident(name), ..],
            ) if !["async", "extern", "fn", "unsafe"].contains(&name.to_string().as_str()) => {
                self.define(scope, &word, name.to_string());
                Some(2)
            }
            _ => None,
        }
    }

    fn define(&mut self, scope: usize, kind: &str, name: String) {
        let name = name.trim_start_matches("r#").to_owned();
        let scope = &mut self.scopes[scope];
        self.defined.entry(scope.file.clone()).or_default().insert(format!("{kind} {name}"));
        scope.items.insert(name);
    }

    fn module(&mut self, name: &str, next: &TokenTree, scope: usize) {
        let name = name.trim_start_matches("r#");
        let Scope { file, folder, .. } = &self.scopes[scope];
        let (file, folder) = (file.clone(), format!("{folder}/{name}"));
        let module = if let TokenTree::Group(group) = next {
            let module = Scope { file, folder, parent: Some(scope), ..Scope::default() };
            self.scope(module, group.stream())
        } else {
            let paths = [format!("{folder}.rs"), format!("{folder}/mod.rs")];
            let Some(path) = paths.into_iter().find(|path| self.texts.contains_key(path)) else {
                return self.absent.push(format!("`{file}` declares `{name}`, which has no file"));
            };
            self.declaring.insert(file);
            self.file(&path, Some(scope))
        };
        self.scopes[scope].modules.insert(name.to_owned(), module);
    }

    /// Reads an import, a path, a group or one other token; how many tokens that are.
    fn token(&mut self, tokens: &[TokenTree], at: usize, scope: usize) -> usize {
        let rest = &tokens[at + 1..];
        let is_next_word = matches!(rest.first(), Some(TokenTree::Ident(_)));
        match &tokens[at] {
            TokenTree::Group(group) => self.group(group, scope),
            TokenTree::Ident(word) if word == "use" => {
                let form = if is_public(&tokens[..at]) { Form::Path } else { Form::Import };
                return 1 + self.import(rest, form, scope);
            }
            TokenTree::Ident(_) => return self.path(&tokens[at..], vec![], scope),
            TokenTree::Punct(_) if is_separator(&tokens[at..]) => {
                let is_path = matches!(rest.get(1), Some(TokenTree::Ident(_)));
                return if is_path { 2 + self.path(&rest[1..], vec!["::".into()], scope) } else { 2 };
            }
            // a lifetime, a field or a method
            TokenTree::Punct(mark) if mark.as_char() == '\'' && is_next_word => return 2,
            TokenTree::Punct(mark) if mark.as_char() == '.' && is_next_word => {
                return if at > 0 && is_mark(&tokens[at - 1], '.') { 1 } else { 2 };
            }
            _ => {}
        }
        1
    }

    fn group(&mut self, group: &Group, scope: usize) {
        let imports = |token: &TokenTree| matches!(token, TokenTree::Ident(word) if word == "use");
        if group.delimiter() == Delimiter::Brace && group.stream().into_iter().any(|token| imports(&token)) {
            let Scope { file, folder, .. } = &self.scopes[scope];
            let (file, folder) = (file.clone(), folder.clone());
            let block = Scope { file, folder, parent: Some(scope), block: true, ..Scope::default() };
            self.scope(block, group.stream());
        } else {
            self.tokens(group.stream(), scope, false);
        }
    }

    fn path(&mut self, tokens: &[TokenTree], mut path: Vec<String>, scope: usize) -> usize {
        path.extend(word(&tokens[0]));
        let mut at = 1;
        while is_separator(&tokens[at..])
            && let Some(next) = tokens.get(at + 2).and_then(word)
        {
            path.push(next);
            at += 3;
        }
        let called = matches!(&tokens[at..], [mark, TokenTree::Group(_), ..] if is_mark(mark, '!'));
        self.mentions.insert(Mention { scope, path, form: if called { Form::Call } else { Form::Path } });
        at
    }

    fn import(&mut self, tokens: &[TokenTree], form: Form, scope: usize) -> usize {
        let end = tokens.iter().position(|token| is_mark(token, ';')).unwrap_or(tokens.len());
        // `impl Trait + use<'a>` is no import
        if tokens.first().is_some_and(|token| is_mark(token, '<')) {
            return 0;
        }
        let mut leaves = Vec::new();
        tree(&tokens[..end], &[], &mut leaves);
        for import in leaves {
            self.mentions.insert(Mention { scope, path: import.path.clone(), form });
            self.scopes[scope].imports.push(import);
        }
        end
    }
}

/// Whether `pub` or `pub(..)` is at the end.
fn is_public(tokens: &[TokenTree]) -> bool {
    match tokens {
        [.., TokenTree::Ident(word)] => word == "pub",
        [.., TokenTree::Ident(word), TokenTree::Group(group)] => {
            word == "pub" && group.delimiter() == Delimiter::Parenthesis
        }
        _ => false,
    }
}

/// The leaves of a use tree. The path of a `*` ends before it.
fn tree(tokens: &[TokenTree], prefix: &[String], leaves: &mut Vec<Import>) {
    let mut path = prefix.to_vec();
    let mut name = None;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            TokenTree::Group(group) => {
                let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                let branches = inner.split(|token| is_mark(token, ',')).filter(|branch| !branch.is_empty());
                return branches.for_each(|branch| tree(branch, &path, leaves));
            }
            TokenTree::Ident(word) if word == "as" => {
                name = tokens.get(at + 1).map(ToString::to_string);
                break;
            }
            TokenTree::Ident(_) => path.extend(word(token)),
            TokenTree::Punct(mark) if mark.as_char() == '*' => name = Some("*".into()),
            TokenTree::Punct(_) if path.is_empty() && is_separator(&tokens[at..]) => path.push("::".into()),
            _ => {}
        }
    }
    let own = path.iter().rev().find(|word| *word != "self").cloned();
    leaves.extend(name.or(own).map(|name| Import { name, path }));
}

fn word(token: &TokenTree) -> Option<String> {
    match token {
        TokenTree::Ident(word) => Some(word.to_string().trim_start_matches("r#").to_owned()),
        _ => None,
    }
}

fn words(tokens: TokenStream, found: &mut BTreeSet<String>) {
    for token in tokens {
        match &token {
            TokenTree::Group(group) => words(group.stream(), found),
            token => found.extend(word(token)),
        }
    }
}

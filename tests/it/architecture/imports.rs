//! Which source files of one crate use each other: a file uses another where it names what the other defines, through
//! any number of re-exports.

mod resolve;
mod scope;
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::{self, Display, Formatter},
    path::Path,
};

use resolve::Target;
use scope::{Crate, Mention};

use super::source;

/// The names that a file uses of each other file.
type Arrows = BTreeMap<String, BTreeMap<String, BTreeSet<String>>>;

/// What the files of one crate use of each other, tests left out.
pub(crate) struct Graph {
    /// Every file of the crate, those without arrows included.
    pub(crate) arrows: Arrows,
    /// Files that declare modules and define something themselves, with what that is.
    pub(crate) besides: Vec<String>,
    /// What may hide an arrow: paths inside the crate that lead nowhere, modules without a file, files without a module.
    pub(crate) unresolved: Vec<String>,
}

/// Files each of which uses all others, through others at least.
pub(crate) struct Circle {
    pub(crate) files: BTreeSet<String>,
    /// The arrows between them.
    pub(crate) arrows: Arrows,
}

/// The graph of the library in `folder`.
pub(crate) fn read(root: &Path, folder: &str) -> Graph {
    graph(&format!("{folder}/lib.rs"), source::texts(root, folder))
}

/// The graph of the crate whose root is the file `root`, where `texts` are all its files.
pub(crate) fn graph(root: &str, texts: BTreeMap<String, String>) -> Graph {
    let names: Vec<String> = texts.keys().cloned().collect();
    let all = Crate::new(root, texts);
    let mut arrows: Arrows = all.defined.keys().map(|file| (file.clone(), BTreeMap::new())).collect();
    let mut unresolved = all.absent.clone();
    for mention in &all.mentions {
        let file = &all.scopes[mention.scope].file;
        match all.targets(mention) {
            Some(targets) => targets.into_iter().for_each(|target| add(&mut arrows, file, target)),
            None => unresolved.push(format!("`{file}` names `{}`", path(mention))),
        }
    }
    let program = format!("{}/main.rs", source::folder(root));
    let strays = names
        .iter()
        .filter(|name| !arrows.contains_key(*name) && **name != program && !source::is_below(name, &all.tests));
    unresolved.extend(strays.map(|name| format!("`{name}` is the file of no module")));
    Graph { besides: besides(&all), arrows, unresolved }
}

fn add(arrows: &mut Arrows, from: &str, target: Target) {
    if let Target::Item { file, name } = target
        && file != from
    {
        arrows.entry(from.to_owned()).or_default().entry(file).or_default().insert(name);
    }
}

fn path(mention: &Mention) -> String {
    mention.path.join("::").replace("::::", "::")
}

fn besides(all: &Crate) -> Vec<String> {
    let items = |file: &String| all.defined.get(file).filter(|items| !items.is_empty());
    let both = all.declaring.iter().filter_map(|file| Some((file, items(file)?)));
    both.map(|(file, items)| format!("`{file}` defines {}", list(items))).collect()
}

fn list(names: &BTreeSet<String>) -> String {
    names.iter().map(String::as_str).collect::<Vec<_>>().join(", ")
}

impl Graph {
    /// Every largest set of files that all use each other, small ones first.
    pub(crate) fn circles(&self) -> Vec<Circle> {
        let reached: BTreeMap<&str, BTreeSet<&str>> =
            self.arrows.keys().map(|file| (file.as_str(), self.reached(file))).collect();
        let together = |one: &str| -> BTreeSet<String> {
            let back = reached[one].iter().filter(|other| reached[**other].contains(one));
            back.map(|other| (*other).to_owned()).collect()
        };
        let sets: BTreeSet<BTreeSet<String>> = self.arrows.keys().map(|file| together(file)).collect();
        let mut sets: Vec<BTreeSet<String>> = sets.into_iter().filter(|set| !set.is_empty()).collect();
        sets.sort_by_key(BTreeSet::len);
        sets.into_iter().map(|files| Circle { arrows: self.between(&files), files }).collect()
    }

    /// Every file that a file uses, and that those use, and so on.
    fn reached<'a>(&'a self, file: &'a str) -> BTreeSet<&'a str> {
        let mut reached = BTreeSet::new();
        let mut open = vec![file];
        while let Some(file) = open.pop() {
            let used = self.arrows.get(file).into_iter().flat_map(BTreeMap::keys);
            open.extend(used.map(String::as_str).filter(|used| reached.insert(*used)));
        }
        reached
    }

    fn between(&self, files: &BTreeSet<String>) -> Arrows {
        let mut arrows = self.arrows.clone();
        arrows.retain(|from, _| files.contains(from));
        arrows.values_mut().for_each(|used| used.retain(|to, _| files.contains(to)));
        arrows
    }
}

impl Display for Circle {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{} files use each other: {}", self.files.len(), list(&self.files))?;
        for (from, used) in &self.arrows {
            for (to, names) in used {
                writeln!(formatter, "    {from} -> {to}: {}", list(names))?;
            }
        }
        Ok(())
    }
}

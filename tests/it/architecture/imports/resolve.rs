//! What a path leads to, through modules, re-exports, renames and globs.

use std::collections::BTreeSet;

use super::scope::{Crate, Form, Mention, ROOT};

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Target {
    Module(usize),
    Item {
        file: String,
        name: String,
    },
    /// Something of another crate, or no item at all.
    Outside,
}

pub(crate) type Targets = BTreeSet<Target>;

/// The imports that are being followed, each with the name that is looked for: none is followed inside itself.
type Trail = Vec<(usize, usize, String)>;

impl Crate {
    /// The items that a path leads to; `None` where it begins in this crate and ends nowhere.
    pub(crate) fn targets(&self, mention: &Mention) -> Option<Targets> {
        let Mention { scope, path, form } = mention;
        let targets = self.resolve(*scope, path, &mut Vec::new())?;
        let modules: Targets = targets.iter().filter(|target| matches!(target, Target::Module(_))).cloned().collect();
        match (form, path.as_slice()) {
            (Form::Call, [name]) if targets.iter().all(|target| *target == Target::Outside) => {
                Some(self.macro_above(*scope, name))
            }
            // of a module and a function with one name, the function is used where it stands alone
            (Form::Import, _) if !modules.is_empty() => Some(modules),
            _ => Some(targets),
        }
    }

    fn resolve(&self, scope: usize, path: &[String], trail: &mut Trail) -> Option<Targets> {
        let (first, rest) = path.split_first()?;
        let mut targets = self.first(scope, first, trail)?;
        for word in rest {
            targets = self.next(&targets, word, trail)?;
        }
        Some(targets)
    }

    fn first(&self, scope: usize, word: &str, trail: &mut Trail) -> Option<Targets> {
        match word {
            // the next word is the name of a crate
            "::" => Some(Targets::from([Target::Outside])),
            "crate" => Some(Targets::from([Target::Module(ROOT)])),
            "self" => Some(Targets::from([Target::Module(self.module_of(scope))])),
            "super" => self.above(self.module_of(scope)),
            _ => Some(self.seen(scope, word, trail)),
        }
    }

    /// What a word means inside a scope and the blocks around it.
    fn seen(&self, mut scope: usize, word: &str, trail: &mut Trail) -> Targets {
        loop {
            let found = self.named(scope, word, trail);
            match self.scopes[scope].parent {
                _ if !found.is_empty() => return found,
                Some(parent) if self.scopes[scope].block => scope = parent,
                _ => return self.other_crate(word),
            }
        }
    }

    fn other_crate(&self, name: &str) -> Targets {
        let own = self.name.as_deref() == Some(name);
        Targets::from([if own { Target::Module(ROOT) } else { Target::Outside }])
    }

    fn next(&self, targets: &Targets, word: &str, trail: &mut Trail) -> Option<Targets> {
        let mut found = Targets::new();
        for target in targets {
            match (target, word) {
                (Target::Module(module), "self") => _ = found.insert(Target::Module(*module)),
                (Target::Module(module), "super") => found.extend(self.above(*module)?),
                (Target::Module(module), _) => found.extend(self.named(*module, word, trail)),
                _ => {}
            }
        }
        if found.is_empty() && targets.contains(&Target::Outside) {
            return Some(self.other_crate(word));
        }
        // what is inside an item belongs to it
        let items = || targets.iter().filter(|target| matches!(target, Target::Item { .. })).cloned().collect();
        let found: Targets = if found.is_empty() { items() } else { found };
        (!found.is_empty()).then_some(found)
    }

    /// What has this name in a scope.
    fn named(&self, at: usize, name: &str, trail: &mut Trail) -> Targets {
        let scope = &self.scopes[at];
        let item = |file: &str| Target::Item { file: file.to_owned(), name: name.to_owned() };
        let mut found: Targets = scope.modules.get(name).map(|module| Target::Module(*module)).into_iter().collect();
        found.extend(scope.items.contains(name).then(|| item(&scope.file)));
        self.follow(at, name, name, trail, &mut found);
        if found.is_empty() {
            self.follow(at, "*", name, trail, &mut found);
        }
        if !found.iter().any(|target| *target != Target::Outside) {
            found.extend(scope.made.contains(name).then(|| item(&scope.file)));
            let exported = if at == ROOT { self.macros.get(name) } else { None };
            found.extend(exported.into_iter().flatten().map(|file| item(file)));
        }
        found
    }

    /// Follows the imports that are called `import` to what they say `name` is.
    fn follow(&self, at: usize, import: &str, name: &str, trail: &mut Trail, found: &mut Targets) {
        for (index, one) in self.scopes[at].imports.iter().enumerate().filter(|(_, one)| one.name == import) {
            let step = (at, index, name.to_owned());
            if trail.contains(&step) {
                continue;
            }
            trail.push(step);
            let targets = self.resolve(at, &one.path, trail).unwrap_or_default();
            for target in targets {
                match target {
                    Target::Module(module) if import == "*" => found.extend(self.named(module, name, trail)),
                    Target::Item { .. } if import == "*" => {}
                    target => _ = found.insert(target),
                }
            }
            trail.pop();
        }
    }

    /// The module that a scope is, or that a block is in.
    fn module_of(&self, mut scope: usize) -> usize {
        while self.scopes[scope].block
            && let Some(parent) = self.scopes[scope].parent
        {
            scope = parent;
        }
        scope
    }

    fn above(&self, module: usize) -> Option<Targets> {
        let parent = self.scopes[module].parent?;
        Some(Targets::from([Target::Module(self.module_of(parent))]))
    }

    /// The `macro_rules!` of this name in the nearest module around, or else anywhere.
    fn macro_above(&self, scope: usize, name: &str) -> Targets {
        let Some(files) = self.macros.get(name) else { return Targets::new() };
        let around = std::iter::successors(Some(scope), |scope| self.scopes[*scope].parent);
        let nearest = around.map(|scope| &self.scopes[scope].file).find(|file| files.contains(*file));
        let item = |file: &String| Target::Item { file: file.clone(), name: name.to_owned() };
        nearest.map_or_else(|| files.iter().map(item).collect(), |file| Targets::from([item(file)]))
    }
}

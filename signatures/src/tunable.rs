use std::collections::{BTreeMap, HashSet};

use crate::{Slot, SlotPath};

/// A program whose slots can be walked, each with its path.
///
/// Derive it: every field must be `Tunable` itself or be marked `#[tunable(skip)]`, so a module cannot be forgotten.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be tuned",
    label = "derive `Tunable` for it, or mark the field `#[tunable(skip)]` if it has nothing to tune"
)]
pub trait Tunable {
    /// Visits every slot below `at`.
    fn walk<'a>(&'a self, at: &SlotPath, visit: &mut dyn FnMut(SlotPath, &'a Slot));

    /// Visits every slot below `at`, for change.
    fn walk_mut(&mut self, at: &SlotPath, visit: &mut dyn FnMut(SlotPath, &mut Slot));
}

/// Gives slots that share an id ids of their own, so that a trace tells them apart
/// (`vec![step.clone(), step]` are two slots with one id).
pub fn separate<P: Tunable + ?Sized>(program: &mut P) {
    let mut seen = HashSet::new();
    program.walk_mut(&SlotPath::root(), &mut |_, slot| {
        if !seen.insert(slot.id().clone()) {
            slot.renew_id();
            seen.insert(slot.id().clone());
        }
    });
}

impl Tunable for Slot {
    fn walk<'a>(&'a self, at: &SlotPath, visit: &mut dyn FnMut(SlotPath, &'a Slot)) {
        visit(at.of_leaf(), self);
    }

    fn walk_mut(&mut self, at: &SlotPath, visit: &mut dyn FnMut(SlotPath, &mut Slot)) {
        visit(at.of_leaf(), self);
    }
}

impl<T: Tunable + ?Sized> Tunable for Box<T> {
    fn walk<'a>(&'a self, at: &SlotPath, visit: &mut dyn FnMut(SlotPath, &'a Slot)) {
        (**self).walk(at, visit);
    }

    fn walk_mut(&mut self, at: &SlotPath, visit: &mut dyn FnMut(SlotPath, &mut Slot)) {
        (**self).walk_mut(at, visit);
    }
}

impl<T: Tunable> Tunable for Option<T> {
    fn walk<'a>(&'a self, at: &SlotPath, visit: &mut dyn FnMut(SlotPath, &'a Slot)) {
        if let Some(inner) = self {
            inner.walk(at, visit);
        }
    }

    fn walk_mut(&mut self, at: &SlotPath, visit: &mut dyn FnMut(SlotPath, &mut Slot)) {
        if let Some(inner) = self {
            inner.walk_mut(at, visit);
        }
    }
}

impl<T: Tunable> Tunable for Vec<T> {
    fn walk<'a>(&'a self, at: &SlotPath, visit: &mut dyn FnMut(SlotPath, &'a Slot)) {
        for (i, item) in self.iter().enumerate() {
            item.walk(&at.index(i), visit);
        }
    }

    fn walk_mut(&mut self, at: &SlotPath, visit: &mut dyn FnMut(SlotPath, &mut Slot)) {
        for (i, item) in self.iter_mut().enumerate() {
            item.walk_mut(&at.index(i), visit);
        }
    }
}

impl<T: Tunable> Tunable for BTreeMap<String, T> {
    fn walk<'a>(&'a self, at: &SlotPath, visit: &mut dyn FnMut(SlotPath, &'a Slot)) {
        for (name, item) in self {
            item.walk(&at.child(name), visit);
        }
    }

    fn walk_mut(&mut self, at: &SlotPath, visit: &mut dyn FnMut(SlotPath, &mut Slot)) {
        for (name, item) in self {
            item.walk_mut(&at.child(name), visit);
        }
    }
}

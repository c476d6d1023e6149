//! Which of two values lets more through.

use crate::security::policy::{Approval, CompileWrites, Markup, Rate, Source};

/// What the second of two values is, compared with the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Same,
    Wider,
    Narrower,
    Unclear,
}

impl Order {
    /// For values of which more lets less through.
    pub(super) fn reversed(self) -> Self {
        match self {
            Self::Wider => Self::Narrower,
            Self::Narrower => Self::Wider,
            same => same,
        }
    }

    /// From what each covers of the other.
    pub(super) fn of<T>(old: T, new: T, covers: impl Fn(&T, &T) -> bool) -> Self {
        match (covers(&new, &old), covers(&old, &new)) {
            (true, true) => Self::Same,
            (true, false) => Self::Wider,
            (false, true) => Self::Narrower,
            (false, false) => Self::Unclear,
        }
    }
}

/// A rule that is there or not; having it lets less through.
pub(super) fn presence<T>(old: Option<T>, new: Option<T>) -> Order {
    Order::of(old, new, |one, other| one.is_none() || other.is_some())
}

/// Upper limits; none is the widest.
pub(super) fn by_most<T: PartialOrd>(old: Option<&T>, new: Option<&T>) -> Order {
    Order::of(old, new, |one, other| one.is_none_or(|one| other.is_some_and(|other| one >= other)))
}

/// Lower limits; none is the widest.
pub(super) fn by_least<T: PartialOrd>(old: Option<&T>, new: Option<&T>) -> Order {
    Order::of(old, new, |one, other| one.is_none_or(|one| other.is_some_and(|other| one <= other)))
}

/// Sets of what is allowed, in any order.
pub(super) fn set<T: PartialEq>(old: &[T], new: &[T]) -> Order {
    covering(old, new, |one, other| one == other)
}

/// Sets of what is allowed, where one entry can cover others.
pub(super) fn covering<T>(old: &[T], new: &[T], covers: impl Fn(&T, &T) -> bool) -> Order {
    Order::of(old, new, |by, of| of.iter().all(|one| by.iter().any(|other| covers(other, one))))
}

/// As [`covering`], where no set at all allows everything.
pub(super) fn optional<T>(old: Option<&[T]>, new: Option<&[T]>, covers: impl Fn(&T, &T) -> bool) -> Order {
    match (old, new) {
        (Some(old), Some(new)) => covering(old, new, covers),
        _ => presence(old, new),
    }
}

/// Whether every value of the second source is one of the first.
pub(super) fn source_covers(one: &Source, other: &Source) -> bool {
    match (one, other) {
        (Source::Input { field: None }, Source::Input { .. }) => true,
        (Source::Reply { tool, field: None }, Source::Reply { tool: of, .. }) => tool == of,
        _ => one == other,
    }
}

pub(super) fn writes(old: CompileWrites, new: CompileWrites) -> Order {
    Order::of(old, new, |one, other| *one == CompileWrites::Live || one == other)
}

pub(super) fn approval(old: Approval, new: Approval) -> Order {
    Order::of(old, new, |one, other| *one == Approval::None || one == other)
}

pub(super) fn markup(old: Markup, new: Markup) -> Order {
    let strictness = |markup| match markup {
        Markup::Keep => 0,
        Markup::Strip => 1,
        Markup::Refuse => 2,
    };
    by_most(Some(&strictness(old)), Some(&strictness(new))).reversed()
}

/// Rates; one that is higher on average and in its bursts is wider.
pub(super) fn rates(old: Option<Rate>, new: Option<Rate>) -> Order {
    let (Some(old), Some(new)) = (old, new) else {
        return presence(old, new);
    };
    let per_hour = |rate: Rate| u128::from(rate.calls.get()) * 3_600_000_000_000 / rate.per.as_nanos().max(1);
    Order::of(old, new, |one, other| per_hour(*one) >= per_hour(*other) && one.burst >= other.burst)
}

//! Which of two settings lets more through.

use abide_guard::policy::{
    Approval, CompileWrites, Markup, Rate,
    order::{Order, by_most, presence},
};

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

//! Which of two values lets more through.

/// What the second of two values is, compared with the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// It lets the same through.
    Same,
    /// It lets more through.
    Wider,
    /// It lets less through.
    Narrower,
    /// It lets other things through, or they cannot be compared.
    Unclear,
}

impl Order {
    /// For values of which more lets less through.
    pub fn reversed(self) -> Self {
        match self {
            Self::Wider => Self::Narrower,
            Self::Narrower => Self::Wider,
            same => same,
        }
    }

    /// From what each covers of the other.
    pub fn of<T>(old: T, new: T, covers: impl Fn(&T, &T) -> bool) -> Self {
        match (covers(&new, &old), covers(&old, &new)) {
            (true, true) => Self::Same,
            (true, false) => Self::Wider,
            (false, true) => Self::Narrower,
            (false, false) => Self::Unclear,
        }
    }
}

/// A rule that is there or not; having it lets less through.
pub fn presence<T>(old: Option<T>, new: Option<T>) -> Order {
    Order::of(old, new, |one, other| one.is_none() || other.is_some())
}

/// Values of which no more can be said than that they are other ones.
pub fn same<T: PartialEq>(old: &T, new: &T) -> Order {
    if old == new { Order::Same } else { Order::Unclear }
}

/// Upper limits; none is the widest.
pub fn by_most<T: PartialOrd>(old: Option<&T>, new: Option<&T>) -> Order {
    Order::of(old, new, |one, other| one.is_none_or(|one| other.is_some_and(|other| one >= other)))
}

/// Lower limits; none is the widest.
pub fn by_least<T: PartialOrd>(old: Option<&T>, new: Option<&T>) -> Order {
    Order::of(old, new, |one, other| one.is_none_or(|one| other.is_some_and(|other| one <= other)))
}

/// Sets of what is allowed, in any order.
pub fn set<T: PartialEq>(old: &[T], new: &[T]) -> Order {
    covering(old, new, |one, other| one == other)
}

/// Sets of what is allowed, where one entry can cover others.
pub fn covering<T>(old: &[T], new: &[T], covers: impl Fn(&T, &T) -> bool) -> Order {
    Order::of(old, new, |by, of| of.iter().all(|one| by.iter().any(|other| covers(other, one))))
}

/// As [`covering`], where no set at all allows everything.
pub fn optional<T>(old: Option<&[T]>, new: Option<&[T]>, covers: impl Fn(&T, &T) -> bool) -> Order {
    either(old, new, |old, new| covering(old, new, covers))
}

/// Rules that are compared where both are there; having one lets less through.
pub fn either<T>(old: Option<T>, new: Option<T>, both: impl FnOnce(T, T) -> Order) -> Order {
    match (old, new) {
        (Some(old), Some(new)) => both(old, new),
        (old, new) => presence(old, new),
    }
}

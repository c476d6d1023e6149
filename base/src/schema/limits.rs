//! What a schema may cost. All numbers are bounds on work that is done before a call, and on memory that stays.

use std::fmt;

/// Bytes of texts and names in a schema.
pub(super) const MAX_BYTES: usize = 1 << 20;
/// Lists and objects in each other.
pub(super) const MAX_DEPTH: usize = 100;
/// JSON values that are compiled, each as often as it is compiled.
pub(super) const MAX_VALUES: u64 = 40_000;
/// Bytes of all places in a schema together: the library keeps the whole path with every keyword.
pub(super) const MAX_PATHS: u64 = 8 << 20;
/// Bytes of one reference.
pub(super) const MAX_REFERENCE: usize = 1_024;
/// Bytes of one pattern.
pub(super) const MAX_PATTERN: usize = 4_096;
/// Bytes that the library reads to translate all patterns: it begins again after each escape.
pub(super) const MAX_TRANSLATION: u64 = 30_000;
/// States of all patterns.
pub(super) const MAX_STATES: u64 = 50_000;
/// Bytes of one compiled pattern. A guard against errors of the estimate of its states.
pub(super) const MAX_COMPILED_PATTERN: usize = 4 << 20;
/// How many sub-schemas may apply to one place of a value.
pub(super) const MAX_CHECKS: u64 = 10_000;
/// Sub-schemas that apply to the same value as another one, over all sub-schemas of a schema: as many entries are kept.
pub(super) const MAX_APPLIED: usize = 200_000;
/// Sub-schemas within each other that are entered for one value. Each takes some of the stack.
pub(super) const MAX_NESTING: usize = 800;

/// A validation up to this price is made where it is asked for: less than a millisecond.
pub(super) const INLINE: u64 = 50_000;
/// A validation above this price is refused: it could take longer than a second, and cannot be stopped.
pub(super) const MAX_PRICE: u64 = 5_000_000;
/// Validations above [`INLINE`] that may run at a time.
pub(super) const PERMITS: usize = 4;

/// Why a schema is too costly to be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Excess {
    /// Its texts are too long.
    Bytes,
    /// It is nested too deep.
    Depth,
    /// It has too many values, or has them compiled too often.
    Values,
    /// The names on the way to its parts are too long.
    Paths,
    /// A reference is too long.
    Reference,
    /// A pattern is too long.
    Pattern,
    /// All patterns together take too long to translate.
    Translation,
    /// Its patterns repeat too much.
    Repetition,
    /// Too many of its parts apply to one place of a value.
    Checks,
    /// Too many of its parts are entered within each other for one value.
    Nesting,
    /// All its parts together apply too many others to the same value.
    Applied,
    /// It refers to itself without going into the value.
    Endless,
    /// Parts with an `$id` refer to each other in a circle, or by dynamic references.
    Resources,
}

impl fmt::Display for Excess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes => write!(f, "it has more than {MAX_BYTES} bytes"),
            Self::Depth => write!(f, "it is nested deeper than {MAX_DEPTH} levels"),
            Self::Values => write!(f, "with its references it has more than {MAX_VALUES} values"),
            Self::Paths => write!(f, "the paths to its parts have more than {MAX_PATHS} bytes"),
            Self::Reference => write!(f, "a reference has more than {MAX_REFERENCE} bytes"),
            Self::Pattern => write!(f, "a pattern has more than {MAX_PATTERN} bytes"),
            Self::Translation => write!(
                f,
                "its patterns have more than {MAX_TRANSLATION} bytes together, those of a pattern counted once more for each `\\` in it"
            ),
            Self::Repetition => write!(f, "its patterns have more than {MAX_STATES} states: they repeat too much"),
            Self::Checks => {
                write!(f, "with its references more than {MAX_CHECKS} sub-schemas apply to one place of a value")
            }
            Self::Nesting => {
                write!(
                    f,
                    "with its references more than {MAX_NESTING} sub-schemas within each other apply to one value"
                )
            }
            Self::Applied => {
                write!(f, "its sub-schemas apply others to the same value more than {MAX_APPLIED} times together")
            }
            Self::Endless => f.write_str("it refers to itself without going into a property or an item"),
            Self::Resources => f.write_str(
                "parts with an `$id` refer to each other in a circle, or there are dynamic references beside them",
            ),
        }
    }
}

use serde::{Deserialize, Serialize};

/// How people write what tools take in one form. A value of the input that can be read as the argument's value counts as it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ReadAs {
    /// A date: `May 26` for `2024-05-26`.
    Date,
    /// A date with a time, both of which the input has: `May 26 at 5 pm` for `2024-05-26T17:00`.
    DateTime,
    /// A time of day: `5 pm` for `17:00`.
    Time,
    /// A number in words: `two hundred` for 200.
    Number,
    /// The number of a phone: `+49 (0)30 123-456` for `+4930123456`.
    Phone,
}

/// How the input wrote a value that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum WrittenAs {
    /// A date as `2024-05-26`.
    YearMonthDay,
    /// A date as `26 May 2024` or `26.05.2024`.
    DayMonthYear,
    /// A date as `May 26, 2024` or `5/26/2024`.
    MonthDayYear,
    /// A date without its year.
    MonthDay,
    /// A time as `17:00` or `5:00 pm`.
    HourMinute,
    /// A time as `5 pm`.
    Hour,
    /// A time as `noon`.
    Named,
    /// A number as `two hundred`.
    Words,
    /// A number as `2 million` or `5k`.
    Scaled,
    /// The figures of a phone's number, in other groups.
    Figures,
}

impl ReadAs {
    /// The words of the boundary file.
    pub(crate) const WORDS: [(&'static str, Self); 5] = [
        ("date", Self::Date),
        ("date_time", Self::DateTime),
        ("time", Self::Time),
        ("number", Self::Number),
        ("phone", Self::Phone),
    ];
}

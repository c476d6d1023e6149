//! Values that people write in other ways than tools take them: `May 26` for `2024-05-26`, `two hundred` for 200. Only where a rule says
//! so (`as`), and only in the input.
//!
//! A value is read first: it must say one thing only. Then the input is looked through for the same thing, however it is written there.

mod date;
mod moment;
mod number;
mod phone;
mod reading;
mod spot;
mod time;
mod word;

pub(in crate::session) use reading::find;

#[cfg(test)]
mod tests;

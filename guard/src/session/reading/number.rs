//! Numbers in words: `two hundred and fifty`, `2.5 million`, `a dozen`, `5k`. The parts of a longer number are none, and where it is in
//! doubt how long a number is, nothing is one.

mod compound;
mod kind;
mod number;
mod piece;
mod sum;

pub(in crate::session::reading) use number::find;

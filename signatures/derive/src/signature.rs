mod check;
mod derive;
mod expand;
mod limits;
mod parse;

pub(crate) use derive::derive;

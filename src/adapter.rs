//! Prompts out of signatures, and fields out of replies. Pure: values in, values out.

mod adapter;
mod chat;
mod marker;

pub(crate) use adapter::join;
pub use adapter::{Adapter, Leniency, ParseError, Parsed, Prompt, Task};
pub use chat::Chat;

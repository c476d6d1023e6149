//! Prompts out of signatures, and fields out of replies. Pure: values in, values out.

mod adapter;
mod chat;
mod json;
mod layout;
mod marker;
mod object;
mod tag;
mod thinking;
mod xml;

pub(crate) use adapter::join;
pub use adapter::{Adapter, ParseError, Parsed, Prompt, Task};
pub use chat::Chat;
pub use json::Json;
pub(crate) use object::read as read_object;
pub use xml::Xml;

#[cfg(test)]
mod laws;

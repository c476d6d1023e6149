//! What all parts of Abide speak of: calls and tools, events, scopes, secrets, usage, clocks, and the JSON Schemas of servers within
//! bounds. Nothing here knows a network.

pub mod bom;
pub mod call;
pub mod clock;
pub mod event;
pub mod id;
pub mod schema;
pub mod scope;
pub mod secret;
pub mod shown;
pub mod strict;
pub mod token_shape;
pub mod usage;

pub use abide_signatures::Digest;

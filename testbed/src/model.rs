//! A simulated language model behind a real chat API. **It is a simulation and proves nothing about real models.**
//!
//! It sees the messages of a request, and nothing else. It can read a request, follow the reply protocol it is shown and finish
//! a task it understands; what it lacks by default is restraint. Better instructions and demonstrations make it behave better,
//! for reasons that are drawn from a seed ([`world`]) and that no optimizer can look up.
//!
//! | module | what |
//! |---|---|
//! | [`world`] | the arithmetic of habits: seeded, and nothing else |
//! | [`prompt`] | reads a chat request: objective, demonstrations, fields, tools, steps so far |
//! | [`intent`] | reads a customer-service request |
//! | [`catalogue`], [`observe`] | read tools and what they gave back |
//! | [`demo`] | what demonstrations show |
//! | [`plan`], [`behave`], [`respond`] | the next move, well-behaved or not, and its words |
//! | [`propose`] | writes new instructions for optimizers that ask for them |
//! | [`hostile`] | the variant that obeys every injection and calls anything |
//! | [`brain`] | ties these together: a request in, a reply out |
//! | [`wire`], [`fault`], [`server`] | the chat APIs over HTTP, and how they misbehave on purpose |
//!
//! The rest are private helpers: keys (`keyed`) and keyed numbers (`draw`), words (`lexicon`), phrases, ids and sums in requests
//! (`cue`, `figure`), questions about many customers (`survey`), and field markers (`marker`); and plain data that several of
//! these speak of: a rule of good behaviour (`rule`), a fact of a record (`fact`), the form of a reply (`form`), a reply (`reply`).

pub mod behave;
pub mod brain;
pub mod catalogue;
mod cue;
pub mod demo;
mod draw;
mod fact;
pub mod fault;
mod figure;
mod form;
pub mod hostile;
pub mod intent;
mod keyed;
mod lexicon;
mod marker;
pub mod observe;
pub mod plan;
pub mod prompt;
pub mod propose;
mod reply;
pub mod respond;
mod rule;
pub mod server;
mod survey;
pub mod wire;
pub mod world;

pub use self::{
    fault::{Fault, When},
    server::{Error, Options, Server},
};

#[cfg(test)]
mod tests;

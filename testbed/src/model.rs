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
//! The rest are private helpers: keyed numbers (`draw`), words (`lexicon`), phrases, ids and sums in requests (`cue`, `figure`),
//! questions about many customers (`survey`), and field markers (`marker`).

pub mod behave;
pub mod brain;
pub mod catalogue;
mod cue;
pub mod demo;
mod draw;
pub mod fault;
mod figure;
pub mod hostile;
pub mod intent;
mod lexicon;
mod marker;
pub mod observe;
pub mod plan;
pub mod prompt;
pub mod propose;
pub mod respond;
pub mod server;
mod survey;
pub mod wire;
pub mod world;

#[cfg(test)]
mod tests;

use std::hash::{Hash, Hasher};

pub use fault::{Fault, When};
pub use server::{Error, Options, Server};

/// A 64-bit key of a value, the same on every machine (FNV-1a; Fowler, Noll, Vo).
pub(crate) fn keyed(value: &impl Hash) -> u64 {
    struct Fnv(u64);
    impl Hasher for Fnv {
        fn finish(&self) -> u64 {
            self.0
        }
        fn write(&mut self, bytes: &[u8]) {
            for byte in bytes {
                self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
            }
        }
    }
    let mut hasher = Fnv(0xcbf2_9ce4_8422_2325);
    value.hash(&mut hasher);
    hasher.finish()
}

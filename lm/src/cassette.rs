//! Recorded replies: a model is asked once, and tests have its answers from a file.
//!
//! A cassette is a file of JSON lines, one for each reply, as `docs/models.md` describes it. It is read by people and kept with the
//! tests, so secrets are taken out of requests and replies before they are written ([`Recorder::redactor`]).

mod line;
mod nearest;
mod player;
mod recorder;

pub use player::Player;
pub use recorder::Recorder;

#[cfg(test)]
mod tests;

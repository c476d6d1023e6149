//! What arguments carry out (exfiltration, egress control): secrets, planted values (canaries), and what the operator keeps in.
//!
//! A tool that is told something can tell others. Secrets and planted values never leave, whatever the tool; classes of values and sources
//! only where the tool's rule says `no_egress`. Texts are looked at as they are and decoded (percent, Base64, hexadecimal); who
//! paraphrases gets past this, which is why `from` is the stronger rule wherever it can be written.

mod leak;

pub(crate) use leak::check;
pub(crate) use leak::{has_class, has_planted};

#[cfg(test)]
mod tests;

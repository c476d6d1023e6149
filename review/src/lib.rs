//! For authors of boundaries: [`lint`] finds ineffective and broad rules, [`compare`] says what a change widens or narrows, [`infer`] mines
//! the least policy that admits the given traces, [`cedar`] exports a policy.

pub mod cedar;
pub mod compare;
pub mod infer;
pub mod lint;

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod arithmetic;
mod dataset;
mod episodes;
mod reading;
mod serving;

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, clippy::print_stderr, reason = "tests")]

use std::{sync::Arc, time::Duration};

use serde_json::{Map, Value, json};

mod bombs;
mod dear;
mod made;
mod never;
mod ordinary;
mod page;
mod prices;

use super::{
    compiled::{CheckPermits, Measured, Schema},
    error::{Misfit, SchemaError},
    limits::{Excess, INLINE, MAX_PRICE},
    price::Price,
};

fn refusal(schema: &Value) -> SchemaError {
    match Schema::compile(schema) {
        Ok(_) => panic!("not refused: {}", schema.to_string().chars().take(200).collect::<String>()),
        Err(error) => error,
    }
}

/// The price as far as it is asked about when values are checked.
fn price(schema: &Value, value: &Value) -> Price {
    Measured::of(schema).unwrap().prices.of(value, MAX_PRICE)
}

async fn check(schema: &Value, value: Value) -> Result<(), Misfit> {
    let before = value.clone();
    let schema = Arc::new(Schema::compile(schema).unwrap());
    let (after, found) = schema.check(value, &CheckPermits::default()).await;
    assert_eq!(before, after, "a value is given back as it was");
    found
}

//! A schema that values can be checked against, for a price that is known before.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use jsonschema::{PatternOptions, ValidationError, Validator};
use serde_json::Value;
use tokio::{runtime::Handle, sync::Semaphore};

use super::{
    error::{Misfit, Place, SchemaError, short},
    graph::Graph,
    limits::{INLINE, MAX_COMPILED_PATTERN, MAX_PRICE, PERMITS},
    price::{Price, Prices},
    raw::Raw,
};
use crate::call::json_bytes;

/// If the price times the bytes of the value is at most this, the error says where the value does not fit. Above it the error says only
/// that it does not, because the library collects every misfit, each with the whole path to it.
const EXPLAINED: u64 = 20_000_000;

/// A schema with fewer bytes is compiled at once: that takes a few milliseconds at most.
const SMALL: usize = 4 * 1024;

/// A server's schema, within the limits.
///
/// Its patterns run in a linear engine, so that they cannot hang us; references to other documents are not followed. Formats such as
/// `date` and `email` must hold.
pub struct Schema {
    validator: Validator,
    prices: Prices,
}

/// Limits how many costly checks run at the same time. They run on blocking threads.
#[derive(Clone, Debug)]
pub struct CheckPermits(Arc<Semaphore>);

impl Default for CheckPermits {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(PERMITS)))
    }
}

impl CheckPermits {
    /// Permits for `count` checks, all taken until the second value is dropped: for tests of what waits.
    #[doc(hidden)]
    pub fn held(count: u32) -> (Self, impl Send) {
        let permits = Self(Arc::new(Semaphore::new(count as usize)));
        let held = Arc::clone(&permits.0).try_acquire_many_owned(count);
        (permits, held)
    }
}

/// A schema that is within the limits.
pub struct Measured {
    pub(super) prices: Prices,
}

impl Measured {
    /// Measures a schema, without compiling it.
    pub fn of(schema: &Value) -> Result<Self, SchemaError> {
        let raw = Raw::new(schema)?;
        let graph = catch_unwind(AssertUnwindSafe(|| Graph::new(schema, &raw)));
        let graph = graph.map_err(|_| SchemaError::Unusable("the library failed".into()))??;
        Ok(Self { prices: Prices::new(graph, &raw)? })
    }

    /// How many values are compiled.
    pub fn values(&self) -> u64 {
        self.prices.compiled
    }

    /// Compiles the schema that was measured.
    pub fn compile(self, schema: &Value) -> Result<Schema, SchemaError> {
        let compile = || {
            jsonschema::options()
                .with_pattern_options(PatternOptions::regex().size_limit(MAX_COMPILED_PATTERN))
                .should_validate_formats(true)
                .offline()
                .build(schema)
                .map_err(|error| SchemaError::Unusable(explain(&error)))
        };
        // the library may panic
        let validator = catch_unwind(AssertUnwindSafe(compile));
        let validator = validator.map_err(|_| SchemaError::Unusable("the library failed".into()))??;
        Ok(Schema { validator, prices: self.prices })
    }
}

impl Schema {
    /// Measures a schema, and compiles it where it is within the limits.
    pub fn compile(schema: &Value) -> Result<Self, SchemaError> {
        Measured::of(schema)?.compile(schema)
    }

    /// Compiles a schema, a large one on a thread of its own.
    pub async fn compile_apart(schema: &Value, permits: &CheckPermits) -> Result<Self, SchemaError> {
        let lost = || SchemaError::Unusable("the program ends".into());
        let is_small = json_bytes(schema, SMALL).is_some();
        let Some(runtime) = Handle::try_current().ok().filter(|_| !is_small) else { return Self::compile(schema) };
        let permit = Arc::clone(&permits.0).acquire_owned().await.map_err(|_| lost())?;
        let schema = schema.clone();
        let compiled = runtime.spawn_blocking(move || {
            let compiled = Self::compile(&schema);
            drop(permit);
            compiled
        });
        compiled.await.unwrap_or_else(|_| Err(lost()))
    }

    /// Whether a value fits; also `false` where finding out costs more than `INLINE`. For values that are small or our own.
    pub fn fits(&self, value: &Value) -> bool {
        self.price(value, INLINE) != Price::OverLimit && self.is_valid(value)
    }

    /// Checks a value, and gives it back.
    ///
    /// Where that is cheap it is done at once. Else it is done on a thread of its own, when there is a permit for it. The permit is given
    /// back when the work is done, also where no caller waits for it any more.
    pub async fn check(self: &Arc<Self>, value: Value, permits: &CheckPermits) -> (Value, Result<(), Misfit>) {
        if let Price::Is(price) = self.price(&value, INLINE) {
            let found = self.explained(&value, price);
            return (value, found);
        }
        let Ok(runtime) = Handle::try_current() else {
            let found = self.costly(&value);
            return (value, found);
        };
        let Ok(permit) = Arc::clone(&permits.0).acquire_owned().await else { return (value, Err(Misfit::Failed)) };
        let schema = Arc::clone(self);
        let checked = runtime.spawn_blocking(move || {
            let found = schema.costly(&value);
            drop(permit);
            (value, found)
        });
        // it fails where the runtime ends meanwhile
        checked.await.unwrap_or((Value::Null, Err(Misfit::Failed)))
    }

    /// The price of a value, as far as `limit`.
    pub(super) fn price(&self, value: &Value, limit: u64) -> Price {
        self.prices.of(value, limit)
    }

    /// The price of a value that would be checked.
    #[cfg(fuzzing)]
    pub fn price_of(&self, value: &Value) -> Option<u64> {
        match self.price(value, MAX_PRICE) {
            Price::Is(price) => Some(price),
            Price::OverLimit => None,
        }
    }

    /// Whether a value fits, however long that takes.
    #[cfg(fuzzing)]
    pub fn fits_at_any_price(&self, value: &Value) -> bool {
        self.is_valid(value)
    }

    fn costly(&self, value: &Value) -> Result<(), Misfit> {
        match self.price(value, MAX_PRICE) {
            Price::OverLimit => Err(Misfit::TooCostly),
            Price::Is(price) => self.explained(value, price),
        }
    }

    fn explained(&self, value: &Value, price: u64) -> Result<(), Misfit> {
        if self.is_valid(value) {
            return Ok(());
        }
        let most = usize::try_from(EXPLAINED / price.max(1)).unwrap_or(usize::MAX);
        if json_bytes(value, most).is_none() {
            return Err(Misfit::Value(Place::default()));
        }
        let place = |error: &ValidationError<'_>| Place {
            value: error.instance_path().as_str().to_owned(),
            schema: error.schema_path().as_str().to_owned(),
        };
        let error = catch_unwind(AssertUnwindSafe(|| self.validator.validate(value).err().map(|error| place(&error))));
        Err(Misfit::Value(error.ok().flatten().unwrap_or_default()))
    }

    /// A value on which the library panics does not fit.
    pub(super) fn is_valid(&self, value: &Value) -> bool {
        catch_unwind(AssertUnwindSafe(|| self.validator.is_valid(value))).unwrap_or(false)
    }
}

/// Says where the schema is not valid. Of its words only names on the way there are quoted.
fn explain(error: &ValidationError<'_>) -> String {
    let (place, keyword) = (error.instance_path().as_str(), error.schema_path().as_str());
    let keyword = keyword.rsplit('/').next().unwrap_or_default();
    match error.kind() {
        jsonschema::error::ValidationErrorKind::Referencing(_) => {
            format!("a reference leads nowhere, at `{}`", short(place))
        }
        _ => format!("`{}` is not what JSON Schema wants there (`{}`)", short(place), short(keyword)),
    }
}

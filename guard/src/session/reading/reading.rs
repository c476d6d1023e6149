use serde_json::Value;

use crate::policy::{ReadAs, WrittenAs};

/// How a text of the input writes a value, if it does.
pub(in crate::session) fn find(read_as: ReadAs, text: &str, value: &Value) -> Option<WrittenAs> {
    match (read_as, value) {
        (ReadAs::Number, Value::Number(number)) => super::number::find(text, number),
        (ReadAs::Number, Value::String(figures)) => super::number::find(text, &super::super::given::written(figures)?),
        (ReadAs::Phone, Value::Number(number)) => super::phone::find(text, &number.to_string()),
        (_, Value::String(value)) if value.len() <= MAX_VALUE => match read_as {
            ReadAs::Date => super::date::find(text, value),
            ReadAs::Time => super::time::find(text, value),
            ReadAs::DateTime => super::moment::find(text, value),
            ReadAs::Phone => super::phone::find(text, value),
            ReadAs::Number => None,
        },
        _ => None,
    }
}

/// Longer texts are no dates, times or numbers.
const MAX_VALUE: usize = 64;

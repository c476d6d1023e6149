//! Signatures that are declared at run time: as a line of text, or as JSON.

use serde_json::{Map, Value, json};

use crate::{FieldSpec, SignatureSpec, SpecError};

/// Why a text or a JSON value declares no signature.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum DeclarationError {
    /// No `->` between inputs and outputs.
    #[error("`{0}` declares no signature: write inputs, `->`, outputs, such as `question, context -> answer: int`")]
    NoArrow(String),
    /// A type that is not known.
    #[error(
        "`{0}` is not a type: use str, int, float, bool, list[T], dict[str, T], Optional[T], T | None, or Literal[\"a\", \"b\"]"
    )]
    Type(String),
    /// The JSON lacks a part, or it is of another type.
    #[error("the signature's `{path}` must be {expected}")]
    Json {
        /// Where.
        path: String,
        /// What must be there.
        expected: &'static str,
    },
    /// Its parts make no signature.
    #[error(transparent)]
    Spec(#[from] SpecError),
}

impl SignatureSpec {
    /// A signature as a line: `question, context: list[str] -> answer: int`. Fields without a type are texts. Types are those of
    /// [Python annotations](https://docs.python.org/3/library/typing.html), as far as they describe JSON.
    ///
    /// # Errors
    /// The line has no `->`, a type that is not known, or no output.
    pub fn parse(line: &str) -> Result<Self, DeclarationError> {
        let (inputs, outputs) =
            line.split_once("->").ok_or_else(|| DeclarationError::NoArrow(line.chars().take(80).collect()))?;
        let (inputs, outputs) = (fields(inputs)?, fields(outputs)?);
        let names =
            |fields: &[FieldSpec]| fields.iter().map(|f| format!("`{}`", f.name)).collect::<Vec<_>>().join(", ");
        let instruction = format!("Given the fields {}, produce the fields {}.", names(&inputs), names(&outputs));
        Ok(Self::new("Signature", instruction, inputs, outputs)?)
    }

    /// A signature as JSON: `{"name", "instruction", "inputs": [{"name", "description", "schema"}], "outputs": […]}`, with JSON Schemas.
    /// `instruction` and `description` may be left out; a field without `schema` is a text.
    ///
    /// # Errors
    /// A part is missing or of another type, or there is no output.
    pub fn of_json(json: &Value) -> Result<Self, DeclarationError> {
        let text = |value: Option<&Value>, path: &str, expected| match value {
            Some(Value::String(text)) => Ok(text.clone()),
            _ => Err(DeclarationError::Json { path: path.to_owned(), expected }),
        };
        let side = |side: &str| -> Result<Vec<FieldSpec>, DeclarationError> {
            let list = json.get(side).unwrap_or(&Value::Null);
            let Some(items) = list.as_array() else {
                return Err(DeclarationError::Json { path: side.to_owned(), expected: "a list of fields" });
            };
            let field = |(index, item): (usize, &Value)| {
                let at = |part: &str| format!("{side}[{index}].{part}");
                let name = text(item.get("name"), &at("name"), "a name")?;
                let schema = match item.get("schema") {
                    None => json!({ "type": "string" }),
                    Some(schema @ (Value::Object(_) | Value::Bool(_))) => schema.clone(),
                    Some(_) => return Err(DeclarationError::Json { path: at("schema"), expected: "a JSON Schema" }),
                };
                let about = match item.get("description") {
                    None | Some(Value::Null) => String::new(),
                    about => text(about, &at("description"), "a text")?,
                };
                Ok(FieldSpec::with_schema(name, schema).describe(about))
            };
            items.iter().enumerate().map(field).collect()
        };
        let instruction = match json.get("instruction") {
            None | Some(Value::Null) => String::new(),
            instruction => text(instruction, "instruction", "a text")?,
        };
        let name = text(json.get("name"), "name", "a name")?;
        Ok(Self::new(name, instruction, side("inputs")?, side("outputs")?)?)
    }
}

fn fields(side: &str) -> Result<Vec<FieldSpec>, DeclarationError> {
    parts(side, ',')
        .into_iter()
        .filter(|part| !part.is_empty())
        .map(|part| {
            let (name, kind) = part.split_once(':').unwrap_or((part, "str"));
            Ok(FieldSpec::with_schema(name.trim(), schema(kind.trim())?))
        })
        .collect()
}

/// The parts of a text between separators that stand in no brackets and no quotes.
fn parts(text: &str, separator: char) -> Vec<&str> {
    let (mut depth, mut quote, mut from, mut parts) = (0_i32, None, 0, Vec::new());
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '[') => depth += 1,
            (None, ']') => depth -= 1,
            (None, c) if c == separator && depth == 0 => {
                parts.push(text.get(from..at).unwrap_or_default().trim());
                from = at + c.len_utf8();
            }
            (None, _) => {}
        }
    }
    parts.push(text.get(from..).unwrap_or_default().trim());
    parts
}

fn schema(kind: &str) -> Result<Value, DeclarationError> {
    schema_within(kind, 0)
}

fn schema_within(kind: &str, depth: usize) -> Result<Value, DeclarationError> {
    let unknown = || DeclarationError::Type(kind.chars().take(80).collect());
    if depth > 16 {
        return Err(unknown());
    }
    let inner = |kind: &str| schema_within(kind, depth + 1);
    let union = parts(kind, '|');
    if union.len() > 1 {
        let branches: Result<Vec<Value>, _> = union.into_iter().map(inner).collect();
        return Ok(json!({ "anyOf": branches? }));
    }
    if let Some((name, arguments)) = kind.split_once('[') {
        let arguments = parts(arguments.strip_suffix(']').ok_or_else(unknown)?, ',');
        return match (name.trim().trim_start_matches("typing."), arguments.as_slice()) {
            ("list" | "List" | "Sequence", [item]) => Ok(json!({ "type": "array", "items": inner(item)? })),
            ("dict" | "Dict", ["str" | "string", value]) => {
                Ok(json!({ "type": "object", "additionalProperties": inner(value)? }))
            }
            ("Optional", [item]) => Ok(json!({ "anyOf": [inner(item)?, { "type": "null" }] })),
            ("Union", branches) => {
                let branches: Result<Vec<Value>, _> = branches.iter().map(|branch| inner(branch)).collect();
                Ok(json!({ "anyOf": branches? }))
            }
            ("tuple" | "Tuple", items) => {
                let items: Result<Vec<Value>, _> = items.iter().map(|item| inner(item)).collect();
                Ok(json!({ "type": "array", "prefixItems": items? }))
            }
            ("Literal", words) => {
                let words: Option<Vec<&str>> = words.iter().map(|word| quoted(word)).collect();
                Ok(json!({ "enum": words.ok_or_else(unknown)? }))
            }
            _ => Err(unknown()),
        };
    }
    let plain = |name: &str| Value::Object(Map::from_iter([("type".to_owned(), Value::from(name))]));
    Ok(match kind.trim_start_matches("typing.") {
        "str" | "string" => plain("string"),
        "int" | "integer" => plain("integer"),
        "float" | "number" => plain("number"),
        "bool" | "boolean" => plain("boolean"),
        "None" | "null" => plain("null"),
        "list" => plain("array"),
        "dict" => plain("object"),
        "Any" | "any" => json!({}),
        _ => return Err(unknown()),
    })
}

fn quoted(word: &str) -> Option<&str> {
    let inner = |quote: char| word.strip_prefix(quote)?.strip_suffix(quote);
    inner('"').or_else(|| inner('\''))
}

#[cfg(test)]
mod tests;

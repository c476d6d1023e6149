use std::collections::BTreeSet;

use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::{Value, json};

use crate::{
    Constraints, Digest, FieldError, Fields, Shape, SignatureSpec as Spec,
    shape::{Reading, Strictness},
};

/// One field of a signature.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct FieldSpec {
    /// The name: letters, digits, `_`; starts with a letter.
    pub name: String,
    /// What the field means, for the model.
    pub description: String,
    /// JSON Schema (draft 2020-12) of its values; types that hold themselves stand in its `$defs`.
    pub schema: Value,
    /// The type of its values.
    pub shape: Shape,
    /// What values must satisfy beyond their type.
    pub constraints: Constraints,
    /// How much what a model writes may stray from the type.
    pub strictness: Strictness,
}

/// The value form of a signature: can be derived, or built at run time.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SignatureSpec {
    /// The signature's name.
    pub name: String,
    /// The instruction that is used until compiling finds a better one.
    pub instruction: String,
    /// Input fields, in the order of the prompt.
    pub inputs: Vec<FieldSpec>,
    /// Output fields, in the order of the prompt.
    pub outputs: Vec<FieldSpec>,
}

/// A signature that cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SpecError {
    /// No output: there would be nothing to ask for.
    #[error("signature `{0}` has no output field")]
    NoOutput(String),
    /// A name that cannot stand in a prompt's field marker.
    #[error("`{0}` cannot be a field name: use letters, digits and `_`, starting with a letter")]
    Name(String),
    /// `completed` ends a reply.
    #[error("`completed` ends a reply and cannot be a field name")]
    Reserved,
    /// Two fields of one name.
    #[error("two fields are named `{0}`")]
    Duplicate(String),
}

impl FieldSpec {
    /// A field whose values are written as `T` is.
    pub fn of<T: JsonSchema>(name: impl Into<String>) -> Self {
        let mut settings = SchemaSettings::draft2020_12();
        settings.inline_subschemas = true;
        settings.meta_schema = None;
        let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
        if let Some(map) = schema.as_object_mut() {
            map.remove("title");
        }
        Self::with_schema(name, schema)
    }

    /// A field whose values a JSON Schema describes.
    pub fn with_schema(name: impl Into<String>, schema: Value) -> Self {
        let shape = Shape::of(&schema);
        Self {
            name: name.into(),
            description: String::new(),
            schema,
            shape,
            constraints: Constraints::default(),
            strictness: Strictness::Lenient,
        }
    }

    /// With a description for the model.
    #[must_use]
    pub fn describe(mut self, description: impl Into<String>) -> Self {
        self.description = description.into();
        self
    }

    /// With constraints.
    #[must_use]
    pub fn constrain(mut self, constraints: Constraints) -> Self {
        self.constraints = constraints;
        self
    }

    /// With as much straying from the type allowed as this.
    #[must_use]
    pub fn strictness(mut self, strictness: Strictness) -> Self {
        self.strictness = strictness;
        self
    }

    /// Whether the field may be left out.
    pub fn is_optional(&self) -> bool {
        self.shape.is_optional()
    }

    fn check(&self, value: &Value, errors: &mut Vec<FieldError>) {
        match self.shape.check(&self.name, value) {
            misfits if misfits.is_empty() => self.constraints.check(&self.name, value, errors),
            misfits => errors.extend(misfits),
        }
    }

    /// Reads the text that a model wrote for the field.
    ///
    /// # Errors
    /// All that does not fit, with its path; never with the text itself.
    pub fn read(&self, text: &str) -> Result<Reading, Vec<FieldError>> {
        self.constrained(self.shape.read(&self.name, text, self.strictness)?)
    }

    /// Reads a JSON value that a model wrote for the field.
    ///
    /// # Errors
    /// As [`FieldSpec::read`].
    pub fn read_value(&self, value: &Value) -> Result<Reading, Vec<FieldError>> {
        self.constrained(self.shape.read_value(&self.name, value, self.strictness)?)
    }

    fn constrained(&self, reading: Reading) -> Result<Reading, Vec<FieldError>> {
        let mut errors = Vec::new();
        self.constraints.check(&self.name, &reading.value, &mut errors);
        if errors.is_empty() { Ok(reading) } else { Err(errors) }
    }

    fn digest_form(&self) -> Value {
        json!({ "name": self.name, "shape": self.shape, "constraints": self.constraints })
    }
}

impl Spec {
    /// A signature out of its parts.
    ///
    /// # Errors
    /// It has no output, or a name that cannot stand in a prompt, or twice.
    pub fn new(
        name: impl Into<String>,
        instruction: impl Into<String>,
        inputs: Vec<FieldSpec>,
        outputs: Vec<FieldSpec>,
    ) -> Result<Self, SpecError> {
        let spec = Self { name: name.into(), instruction: instruction.into(), inputs, outputs };
        if spec.outputs.is_empty() {
            return Err(SpecError::NoOutput(spec.name));
        }
        let mut seen = BTreeSet::new();
        for field in spec.inputs.iter().chain(&spec.outputs) {
            check_name(&field.name)?;
            if !seen.insert(field.name.as_str()) {
                return Err(SpecError::Duplicate(field.name.clone()));
            }
        }
        Ok(spec)
    }

    /// What is wrong with input values; empty when nothing is.
    pub fn check_inputs(&self, values: &Fields) -> Vec<FieldError> {
        check_all(&self.inputs, values)
    }

    /// What is wrong with output values; empty when nothing is.
    pub fn check_outputs(&self, values: &Fields) -> Vec<FieldError> {
        check_all(&self.outputs, values)
    }

    /// What is wrong with a demonstration's values: known input fields, all output fields.
    pub fn check_demo(&self, inputs: &Fields, outputs: &Fields) -> Vec<FieldError> {
        let mut errors = Vec::new();
        check_given(&self.inputs, inputs, &mut errors);
        errors.extend(self.check_outputs(outputs));
        errors
    }

    /// JSON Schema of all output fields as one object.
    pub fn output_schema(&self) -> Value {
        let mut definitions = serde_json::Map::new();
        let properties: serde_json::Map<String, Value> =
            self.outputs.iter().map(|f| (f.name.clone(), described(f, &mut definitions))).collect();
        let required: Vec<&str> = self.outputs.iter().filter(|f| !f.is_optional()).map(|f| f.name.as_str()).collect();
        let mut schema =
            json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false });
        if let (Some(schema), false) = (schema.as_object_mut(), definitions.is_empty()) {
            schema.insert("$defs".to_owned(), Value::Object(definitions));
        }
        schema
    }

    /// The digest of what a saved state relies on: names, types to the last member, and constraints of the fields, not their wording.
    pub fn shape(&self) -> Digest {
        let shape = json!({
            "inputs": self.inputs.iter().map(FieldSpec::digest_form).collect::<Vec<_>>(),
            "outputs": self.outputs.iter().map(FieldSpec::digest_form).collect::<Vec<_>>(),
        });
        Digest::of_bytes(shape.to_string().as_bytes())
    }
}

/// The schema of a field as a part of another: with its description and constraints, and its `$defs` among those of the whole, under
/// the field's name.
fn described(field: &FieldSpec, definitions: &mut serde_json::Map<String, Value>) -> Value {
    let mut schema = field.schema.clone();
    let Some(map) = schema.as_object_mut() else { return schema };
    if !field.description.is_empty() {
        map.insert("description".into(), Value::String(field.description.clone()));
    }
    constrain(map, &field.constraints);
    let own = map.remove("$defs");
    let is_recursive = own.is_some() || refers_to_root(&schema);
    if let Some(Value::Object(own)) = own {
        for (name, mut definition) in own {
            refer(&mut definition, &field.name);
            definitions.insert(format!("{}.{name}", field.name), definition);
        }
    }
    if is_recursive {
        refer(&mut schema, &field.name);
        if refers_to(&schema, &format!("#/$defs/{}", field.name)) {
            definitions.insert(field.name.clone(), schema);
            return json!({ "$ref": format!("#/$defs/{}", field.name) });
        }
    }
    schema
}

/// What a field's values must satisfy, in the words of JSON Schema.
fn constrain(schema: &mut serde_json::Map<String, Value>, constraints: &Constraints) {
    let Constraints { max_chars, min_chars, pattern, min, max, min_items, max_items } = constraints;
    let mut set = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            schema.insert(key.to_owned(), value);
        }
    };
    set("minLength", min_chars.map(Value::from));
    set("maxLength", max_chars.map(Value::from));
    set("pattern", pattern.as_ref().map(|pattern| format!("^(?:{})$", pattern.as_str()).into()));
    set("minimum", min.map(Value::from));
    set("maximum", max.map(Value::from));
    set("minItems", min_items.map(Value::from));
    set("maxItems", max_items.map(Value::from));
}

fn refers_to_root(schema: &Value) -> bool {
    refers_to(schema, "#")
}

fn refers_to(schema: &Value, pointer: &str) -> bool {
    match schema {
        Value::Object(map) => {
            map.iter().any(|(key, value)| (key == "$ref" && value == pointer) || refers_to(value, pointer))
        }
        Value::Array(items) => items.iter().any(|item| refers_to(item, pointer)),
        _ => false,
    }
}

/// Points references at the definitions of the whole.
fn refer(schema: &mut Value, field: &str) {
    match schema {
        Value::Object(map) => map.iter_mut().for_each(|(key, value)| match (key.as_str(), value.as_str()) {
            ("$ref", Some("#")) => *value = format!("#/$defs/{field}").into(),
            ("$ref", Some(pointer)) => {
                if let Some(name) = pointer.strip_prefix("#/$defs/") {
                    *value = format!("#/$defs/{field}.{name}").into();
                }
            }
            _ => refer(value, field),
        }),
        Value::Array(items) => items.iter_mut().for_each(|item| refer(item, field)),
        _ => {}
    }
}

fn check_name(name: &str) -> Result<(), SpecError> {
    let fits = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    match name {
        "completed" => Err(SpecError::Reserved),
        _ if fits => Ok(()),
        _ => Err(SpecError::Name(name.to_owned())),
    }
}

fn check_all(specs: &[FieldSpec], values: &Fields) -> Vec<FieldError> {
    let mut errors = Vec::new();
    for spec in specs.iter().filter(|spec| !spec.is_optional() && values.get(&spec.name).is_none()) {
        errors.push(FieldError::Missing(spec.name.clone()));
    }
    check_given(specs, values, &mut errors);
    errors
}

fn check_given(specs: &[FieldSpec], values: &Fields, errors: &mut Vec<FieldError>) {
    for (name, value) in values.iter() {
        match specs.iter().find(|spec| spec.name == name) {
            Some(spec) => spec.check(value, errors),
            None => errors.push(FieldError::Unknown(name.to_owned())),
        }
    }
}

use std::collections::BTreeSet;

use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::{Value, json};

use crate::{Constraints, Digest, FieldError, FieldKind, Fields, SignatureSpec as Spec};

/// One field of a signature.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct FieldSpec {
    /// The name: letters, digits, `_`; starts with a letter.
    pub name: String,
    /// What the field means, for the model.
    pub description: String,
    /// JSON Schema (draft 2020-12) of its values, without `$ref`.
    pub schema: Value,
    /// What kind of value it is.
    pub kind: FieldKind,
    /// What values must satisfy beyond their type.
    pub constraints: Constraints,
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
        let kind = FieldKind::of(&schema);
        Self { name: name.into(), description: String::new(), schema, kind, constraints: Constraints::default() }
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

    /// Whether the field may be left out.
    pub fn is_optional(&self) -> bool {
        matches!(self.kind, FieldKind::Optional(_))
    }

    fn check(&self, value: &Value, errors: &mut Vec<FieldError>) {
        if self.kind.admits(value) {
            self.constraints.check(&self.name, value, errors);
        } else {
            errors.push(FieldError::Kind { field: self.name.clone(), expected: self.kind.to_string() });
        }
    }

    fn shape(&self) -> Value {
        json!({ "name": self.name, "kind": self.kind.to_string(), "constraints": self.constraints })
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
        let properties: serde_json::Map<String, Value> =
            self.outputs.iter().map(|f| (f.name.clone(), described(f))).collect();
        let required: Vec<&str> = self.outputs.iter().filter(|f| !f.is_optional()).map(|f| f.name.as_str()).collect();
        json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
    }

    /// The digest of what a saved state relies on: names, kinds and constraints of the fields, not their wording.
    pub fn shape(&self) -> Digest {
        let shape = json!({
            "inputs": self.inputs.iter().map(FieldSpec::shape).collect::<Vec<_>>(),
            "outputs": self.outputs.iter().map(FieldSpec::shape).collect::<Vec<_>>(),
        });
        Digest::of_bytes(shape.to_string().as_bytes())
    }
}

fn described(field: &FieldSpec) -> Value {
    let mut schema = field.schema.clone();
    if let (Some(map), false) = (schema.as_object_mut(), field.description.is_empty()) {
        map.insert("description".into(), Value::String(field.description.clone()));
    }
    schema
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

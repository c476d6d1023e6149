use darling::{
    Error, FromDeriveInput, FromMeta,
    error::Accumulator,
    util::{PathList, PreservedStrExpr},
};
use proc_macro2::TokenStream;
use syn::{
    Attribute, Data, DeriveInput, Expr, Fields, Ident, Path, Type, Visibility, ext::IdentExt, parse_quote,
    spanned::Spanned,
};

use super::{check, limits::Limits};
use crate::docs::{Text, copied};

const ALWAYS: [&str; 4] = ["Clone", "Debug", "Serialize", "Deserialize"];

/// A struct that can be a signature: every check has passed.
pub(crate) struct Signature {
    pub(crate) ident: Ident,
    pub(crate) vis: Visibility,
    pub(crate) krate: Path,
    pub(crate) derives: Vec<Path>,
    pub(crate) name: String,
    pub(crate) instruction: TokenStream,
    pub(crate) fields: Vec<Field>,
}

pub(crate) struct Field {
    pub(crate) ident: Ident,
    pub(crate) name: String,
    pub(crate) vis: Visibility,
    pub(crate) ty: Type,
    pub(crate) docs: Vec<Attribute>,
    pub(crate) description: Option<TokenStream>,
    pub(crate) role: Role,
    pub(crate) limits: Limits,
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Role {
    Input,
    Output,
}

/// `#[signature(..)]`.
#[derive(FromDeriveInput)]
#[darling(attributes(signature))]
struct Options {
    #[darling(rename = "crate", default = || parse_quote!(::abide))]
    krate: Path,
    #[darling(default)]
    derive: PathList,
    instruction: Option<PreservedStrExpr>,
    name: Option<String>,
}

/// Reads the struct; an error holds all that is wrong with it.
pub(crate) fn parse(input: &DeriveInput) -> darling::Result<Signature> {
    let mut errors = Error::accumulator();
    let options = errors.handle(Options::from_derive_input(input));
    refuse_serde(&input.attrs, &mut errors);
    if !input.generics.params.is_empty() {
        let message = "a signature cannot be generic: write one struct per set of types";
        errors.push(Error::custom(message).with_span(&input.generics.params));
    }
    let instruction = errors.handle(instruction(input, options.as_ref().and_then(|o| o.instruction.as_ref())));
    if let Some(options) = &options {
        check_derives(&options.derive, &mut errors);
    }
    let fields = errors.handle(named_fields(input)).map(|fields| parse_fields(input, fields, &mut errors));

    let (Some(options), Some(instruction), Some(fields)) = (options, instruction, fields) else {
        return Err(Error::multiple(errors.into_inner()));
    };
    errors.finish_with(Signature {
        ident: input.ident.clone(),
        vis: input.vis.clone(),
        krate: options.krate,
        derives: options.derive.to_vec(),
        name: options.name.unwrap_or_else(|| input.ident.unraw().to_string()),
        instruction,
        fields,
    })
}

fn named_fields(input: &DeriveInput) -> darling::Result<&syn::FieldsNamed> {
    match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => Some(fields),
            Fields::Unnamed(_) | Fields::Unit => None,
        },
        Data::Enum(_) | Data::Union(_) => None,
    }
    .ok_or_else(|| {
        let message =
            format!("`{}` cannot be a signature: only a struct with named fields has inputs and outputs", input.ident);
        Error::custom(message).with_span(&input.ident)
    })
}

fn instruction(input: &DeriveInput, given: Option<&PreservedStrExpr>) -> darling::Result<TokenStream> {
    let text = match given {
        Some(PreservedStrExpr(value)) => text_value(value)?,
        None => Text::of_docs(&input.attrs),
    };
    text.expression().ok_or_else(|| {
        let message = "a signature needs an instruction: write a doc comment on the struct or `instruction = …`";
        Error::custom(message).with_span(&input.ident)
    })
}

fn text_value(value: &Expr) -> darling::Result<Text> {
    match crate::docs::peel(value) {
        Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(_), .. }) | Expr::Macro(_) => Ok(Text::of_value(value)),
        other => Err(Error::custom("write a string, or a macro such as `include_str!(..)`").with_span(other)),
    }
}

fn check_derives(derives: &PathList, errors: &mut Accumulator) {
    for path in derives.iter() {
        let last = path.segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default();
        if ALWAYS.contains(&last.as_str()) {
            errors.push(Error::custom(format!("`{last}` is always derived: leave it out")).with_span(path));
        }
    }
}

fn parse_fields(input: &DeriveInput, fields: &syn::FieldsNamed, errors: &mut Accumulator) -> Vec<Field> {
    let is_output = |field: &syn::Field| field.attrs.iter().any(|attr| attr.path().is_ident("output"));
    if !fields.named.iter().any(is_output) {
        let message = "a signature needs an output: mark at least one field `#[output]`";
        errors.push(Error::custom(message).with_span(&input.ident));
    }
    fields.named.iter().filter_map(|field| parse_field(field, &input.vis, errors)).collect()
}

fn parse_field(field: &syn::Field, outer: &Visibility, errors: &mut Accumulator) -> Option<Field> {
    let ident = field.ident.clone()?;
    let name = ident.unraw().to_string();
    refuse_serde(&field.attrs, errors);
    errors.handle(check::name(&name, &ident));
    let (role, limits) = role(field, &name, errors)?;
    check::limits(&name, &field.ty, &limits, errors);
    let text = match &limits.desc {
        Some(PreservedStrExpr(value)) => errors.handle(text_value(value))?,
        None => Text::of_docs(&field.attrs),
    };
    let vis = if matches!(field.vis, Visibility::Inherited) { outer } else { &field.vis };
    Some(Field {
        ident,
        name,
        vis: vis.clone(),
        ty: field.ty.clone(),
        docs: copied(&field.attrs).cloned().collect(),
        description: text.expression(),
        role,
        limits,
    })
}

fn role(field: &syn::Field, name: &str, errors: &mut Accumulator) -> Option<(Role, Limits)> {
    let mut found = None;
    let mut marks = 0;
    for attr in &field.attrs {
        let role = match attr.path() {
            path if path.is_ident("input") => Role::Input,
            path if path.is_ident("output") => Role::Output,
            _ => continue,
        };
        marks += 1;
        let limits = errors.handle(Limits::from_meta(&attr.meta));
        if marks == 1 {
            found = limits.map(|limits| (role, limits));
        } else {
            let message = format!("field `{name}` is marked twice: one `#[input]` or one `#[output]`");
            errors.push(Error::custom(message).with_span(&attr.path().span()));
        }
    }
    if marks == 0 {
        let message = format!("field `{name}` is neither input nor output: mark it `#[input]` or `#[output]`");
        errors.push(Error::custom(message).with_span(&field.ident));
    }
    found
}

fn refuse_serde(attrs: &[Attribute], errors: &mut Accumulator) {
    for attr in attrs.iter().filter(|attr| attr.path().is_ident("serde")) {
        let message = "`#[serde(..)]` is not supported on a signature: a field has one name, in Rust and in prompts";
        errors.push(Error::custom(message).with_span(&attr.path().span()));
    }
}

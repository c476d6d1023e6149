use proc_macro2::TokenStream;
use quote::quote;
use syn::{Attribute, Expr, ExprLit, Lit, Meta};

/// Text for the model: an expression of type `&'static str`, or nothing where there is only blank.
pub(crate) struct Text(Vec<Part>);

enum Part {
    Literal(String),
    /// A macro call such as `include_str!(..)`, which only the compiler can expand.
    Macro(Expr),
}

impl Text {
    /// The text of doc comments, one line each, without the space after `///`.
    pub(crate) fn of_docs(attrs: &[Attribute]) -> Self {
        Self(attrs.iter().filter_map(doc).map(|value| Part::of(value, unindent)).collect())
    }

    /// The text of an attribute's value.
    pub(crate) fn of_value(value: &Expr) -> Self {
        Self(vec![Part::of(value, str::to_owned)])
    }

    /// The expression, blank ends trimmed; `None` when nothing is left.
    pub(crate) fn expression(&self) -> Option<TokenStream> {
        let literals: Option<Vec<&str>> = self.0.iter().map(Part::literal).collect();
        if let Some(literals) = literals {
            let text = literals.join("\n");
            let text = text.trim();
            return (!text.is_empty()).then(|| quote!(#text));
        }
        let parts = self.0.iter().enumerate().map(|(i, part)| {
            let separator = if i == 0 { "" } else { "\n" };
            match part {
                Part::Literal(text) => quote!(#separator, #text),
                Part::Macro(call) => quote!(#separator, #call),
            }
        });
        Some(quote!(::core::concat!(#(#parts),*).trim()))
    }
}

impl Part {
    fn of(value: &Expr, clean: fn(&str) -> String) -> Self {
        match peel(value) {
            Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Self::Literal(clean(&text.value())),
            other => Self::Macro(other.clone()),
        }
    }

    fn literal(&self) -> Option<&str> {
        match self {
            Self::Literal(text) => Some(text),
            Self::Macro(_) => None,
        }
    }
}

/// The doc attributes among others, to be copied.
pub(crate) fn copied(attrs: &[Attribute]) -> impl Iterator<Item = &Attribute> {
    attrs.iter().filter(|attr| doc(attr).is_some())
}

/// An expression without the invisible groups that `macro_rules!` puts around its arguments.
pub(crate) fn peel(expr: &Expr) -> &Expr {
    match expr {
        Expr::Group(group) => peel(&group.expr),
        other => other,
    }
}

fn doc(attr: &Attribute) -> Option<&Expr> {
    match &attr.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => Some(&pair.value),
        _ => None,
    }
}

fn unindent(text: &str) -> String {
    let lines: Vec<&str> = text.split('\n').map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
    lines.join("\n")
}

use darling::{
    Error, FromMeta,
    util::{PreservedStrExpr, SpannedValue},
};
use syn::{Expr, ExprLit, Lit, UnOp, spanned::Spanned};

use crate::docs::peel;

/// What stands in `#[input(..)]` or `#[output(..)]`.
#[derive(Default, FromMeta)]
#[darling(from_word = || Ok(Limits::default()))]
pub(crate) struct Limits {
    pub(crate) desc: Option<PreservedStrExpr>,
    pub(crate) min_chars: Option<SpannedValue<Count>>,
    pub(crate) max_chars: Option<SpannedValue<Count>>,
    pub(crate) pattern: Option<SpannedValue<String>>,
    pub(crate) min: Option<SpannedValue<Number>>,
    pub(crate) max: Option<SpannedValue<Number>>,
    pub(crate) max_items: Option<SpannedValue<Count>>,
}

/// A whole number from 0.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
pub(crate) struct Count(pub(crate) usize);

/// A finite number, written as an integer or with a fraction.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
pub(crate) struct Number(pub(crate) f64);

impl FromMeta for Count {
    fn from_expr(expr: &Expr) -> darling::Result<Self> {
        match peel(expr) {
            Expr::Lit(ExprLit { lit: Lit::Int(int), .. }) => int.base10_parse().map(Self).map_err(Error::from),
            other => Err(Error::custom("a count is a whole number, 0 or more, such as `2_000`").with_span(other)),
        }
    }
}

impl FromMeta for Number {
    fn from_expr(expr: &Expr) -> darling::Result<Self> {
        match magnitude(peel(expr)) {
            Some(number) if number.is_finite() => Ok(Self(number)),
            _ => Err(Error::custom("a bound is a finite number, such as `1`, `-2` or `0.5`").with_span(&expr.span())),
        }
    }
}

fn magnitude(expr: &Expr) -> Option<f64> {
    match expr {
        Expr::Lit(ExprLit { lit: Lit::Int(int), .. }) => int.base10_digits().parse().ok(),
        Expr::Lit(ExprLit { lit: Lit::Float(float), .. }) => float.base10_parse().ok(),
        Expr::Unary(unary) if matches!(unary.op, UnOp::Neg(_)) => magnitude(peel(&unary.expr)).map(|number| -number),
        _ => None,
    }
}

//! The derive macros of Abide: [`Signature`](macro@Signature) and [`Tunable`](macro@Tunable).
//!
//! Both expand to paths below `::abide`. Where that crate has another name, or only `abide-signatures` is there, say so:
//! `#[signature(crate = "::abide_signatures")]`, `#[tunable(crate = "::abide_signatures")]`.

mod docs;
mod signature;
mod tunable;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Makes a struct `X` a signature, and writes `XInput` and `XOutput` beside it.
///
/// The struct's doc comment is the instruction; a field's doc comment is its description for the model. Docs may be
/// `#[doc = include_str!("…")]`. One leading space per line and blank ends are dropped, blank lines are kept.
///
/// ```
/// # use std::collections::BTreeMap;
/// use abide_derive::Signature;
/// # use abide_signatures::Signature as _;
///
/// /// Handle customer service requests using the available tools.
/// #[derive(Signature)]
/// # #[signature(crate = "::abide_signatures")]
/// #[signature(derive(PartialEq))]
/// pub struct CustomerService {
///     /// Customer service request
///     #[input(min_chars = 1, max_chars = 2_000)]
///     request: String,
///     /// Helpful customer service response
///     #[output]
///     response: String,
///     /// How sure you are
///     #[output(min = 0, max = 1)]
///     confidence: f64,
///     #[output(max_items = 3, desc = "Topics and their weights")]
///     topics: Option<BTreeMap<String, f64>>,
/// }
///
/// let input = CustomerServiceInput { request: "Cancel my flight.".into() };
/// let spec = CustomerService::spec();
/// assert_eq!(spec.instruction, "Handle customer service requests using the available tools.");
/// assert_eq!(spec.inputs[0].constraints.max_chars, Some(2_000));
/// # assert_eq!(input, input.clone());
/// ```
///
/// # On the struct: `#[signature(..)]`
///
/// | key | meaning |
/// |---|---|
/// | `instruction = "…"` | the instruction, instead of the doc comment; may be `include_str!(..)` |
/// | `name = "…"` | the signature's name, instead of the struct's |
/// | `derive(A, B)` | further derives of `XInput` and `XOutput`; `Clone`, `Debug`, `Serialize`, `Deserialize` are always there |
/// | `crate = "…"` | where the `abide` crate is; `::abide` unless given |
///
/// # On a field: `#[input(..)]` or `#[output(..)]`, exactly one
///
/// | key | for | meaning |
/// |---|---|---|
/// | `desc = "…"` | any | the description, instead of the doc comment; may be `include_str!(..)` |
/// | `min_chars`, `max_chars` | text | bounds of the number of Unicode scalar values |
/// | `pattern = "…"` | text | a [regular expression](https://docs.rs/regex) that the *whole* text must match; no look-around |
/// | `min`, `max` | numbers | inclusive bounds |
/// | `max_items` | lists, sets, maps | at most this many |
///
/// Constraints sit on the value itself or on the value inside an `Option`; one that its type cannot have is a compile
/// error where the type is known by name (`String`, numbers, `bool`, std collections, and `Option` or `Box` of these).
///
/// # What is generated
///
/// `XInput` and `XOutput` have the visibility of `X`. A field keeps its own visibility if it has one, else it gets that
/// of `X`: the fields of a `pub struct` are `pub` unless they say `pub(crate)` or the like. Docs are copied. Unknown
/// fields are refused when deserializing; an `Option` may be left out.
///
/// Field types need `Serialize`, `Deserialize`, `schemars::JsonSchema`, `Clone`, `Debug`, `Send` and `Sync`. Names start
/// with an ASCII letter and hold ASCII letters, digits and `_`; `r#type` is the field `type`; `completed` is reserved.
/// Signatures are not generic, and `#[serde(..)]` is refused: a field has one name, in Rust and in prompts.
#[proc_macro_derive(Signature, attributes(signature, input, output, serde))]
pub fn signature(input: TokenStream) -> TokenStream {
    signature::derive(&parse_macro_input!(input as DeriveInput)).into()
}

/// Makes a struct's slots walkable: every field must be `Tunable`, or be marked `#[tunable(skip)]`.
///
/// The path of a field is its name (`r#type` is `type`), or its index in a tuple struct.
///
/// ```
/// use abide_derive::Tunable;
/// use abide_signatures::{ProgramState, Slot};
///
/// #[derive(Tunable)]
/// # #[tunable(crate = "::abide_signatures")]
/// struct Panel<M> {
///     plan: Slot,
///     judges: Vec<M>,
///     #[tunable(skip)]
///     rounds: usize,
/// }
/// # #[derive(abide_derive::Signature)]
/// # #[signature(crate = "::abide_signatures", instruction = "Judge.")]
/// # struct Judge { #[output] verdict: bool }
/// # let slot = || Slot::new(<Judge as abide_signatures::Signature>::spec());
///
/// # let (plan, first, second) = (slot(), slot(), slot());
/// let panel = Panel { plan, judges: vec![first, second], rounds: 2 };
/// let paths: Vec<String> = ProgramState::of(&panel).0.into_keys().map(String::from).collect();
/// assert_eq!(paths, ["judges.0", "judges.1", "plan"]);
/// # let _ = panel.rounds;
/// ```
///
/// In a generic struct, each walked field whose type names a type parameter adds the bound that this type is `Tunable`
/// (`Predict<S>: Tunable`, not `S: Tunable`). A type that holds itself gets no such bound for that field; add what is
/// missing to the struct's own `where` clause. Enums and unions cannot be derived.
#[proc_macro_derive(Tunable, attributes(tunable))]
pub fn tunable(input: TokenStream) -> TokenStream {
    tunable::derive(&parse_macro_input!(input as DeriveInput)).into()
}

use proc_macro2::TokenStream;
use syn::DeriveInput;

use super::{expand, parse};

pub(crate) fn derive(input: &DeriveInput) -> TokenStream {
    match parse::parse(input) {
        Ok(signature) => expand::expand(&signature),
        Err(errors) => errors.write_errors(),
    }
}

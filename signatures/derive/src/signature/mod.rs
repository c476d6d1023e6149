mod check;
mod expand;
mod limits;
mod parse;

use proc_macro2::TokenStream;
use syn::DeriveInput;

pub(crate) fn derive(input: &DeriveInput) -> TokenStream {
    match parse::parse(input) {
        Ok(signature) => expand::expand(&signature),
        Err(errors) => errors.write_errors(),
    }
}

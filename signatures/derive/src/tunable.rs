use std::collections::BTreeSet;

use darling::{Error, FromDeriveInput, FromField, error::Accumulator, util::Flag};
use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::{Data, DeriveInput, Index, Path, Type, WherePredicate, ext::IdentExt, parse_quote, spanned::Spanned};

/// `#[tunable(..)]` on the struct.
#[derive(FromDeriveInput)]
#[darling(attributes(tunable))]
struct Options {
    #[darling(rename = "crate", default = || parse_quote!(::abide))]
    krate: Path,
}

/// `#[tunable(..)]` on a field.
#[derive(FromField)]
#[darling(attributes(tunable))]
struct FieldOptions {
    skip: Flag,
}

/// A field to walk.
struct Walked<'a> {
    ty: &'a Type,
    member: TokenStream,
    path: String,
}

pub(crate) fn derive(input: &DeriveInput) -> TokenStream {
    let mut errors = Error::accumulator();
    let options = errors.handle(Options::from_derive_input(input));
    let walked = walked(input, &mut errors);
    match (options, errors.finish()) {
        (Some(options), Ok(())) => expand(input, &options.krate, &walked),
        (_, Err(errors)) => errors.write_errors(),
        (None, Ok(())) => TokenStream::new(),
    }
}

fn walked<'a>(input: &'a DeriveInput, errors: &mut Accumulator) -> Vec<Walked<'a>> {
    let what = match &input.data {
        Data::Struct(data) => {
            return data.fields.iter().enumerate().filter_map(|(i, field)| walk_field(i, field, errors)).collect();
        }
        Data::Enum(_) => "an enum",
        Data::Union(_) => "a union",
    };
    let ident = &input.ident;
    let message = format!(
        "`{ident}` is {what}, whose slots would come and go: use a struct (with `Option` fields if need be), or write `impl Tunable` by hand"
    );
    errors.push(Error::custom(message).with_span(ident));
    Vec::new()
}

fn walk_field<'a>(index: usize, field: &'a syn::Field, errors: &mut Accumulator) -> Option<Walked<'a>> {
    if errors.handle(FieldOptions::from_field(field))?.skip.is_present() {
        return None;
    }
    let (member, path) = match &field.ident {
        Some(ident) => (ident.to_token_stream(), ident.unraw().to_string()),
        None => (Index::from(index).to_token_stream(), index.to_string()),
    };
    Some(Walked { ty: &field.ty, member, path })
}

fn expand(input: &DeriveInput, krate: &Path, walked: &[Walked<'_>]) -> TokenStream {
    let ident = &input.ident;
    let mut generics = input.generics.clone();
    let bounds = walked.iter().map(|field| field.ty).filter(|ty| needs_bound(ty, input));
    let bounds = bounds.map(|ty| -> WherePredicate { parse_quote!(#ty: #krate::Tunable) });
    generics.make_where_clause().predicates.extend(bounds);
    let (impl_generics, ty_generics, where_clause) = generics.split_for_impl();
    let walk = calls(krate, walked, &quote!(walk), &quote!(&));
    let walk_mut = calls(krate, walked, &quote!(walk_mut), &quote!(&mut));
    let visit = quote!(dyn ::core::ops::FnMut);
    quote! {
        #[automatically_derived]
        impl #impl_generics #krate::Tunable for #ident #ty_generics #where_clause {
            fn walk<'__walk>(&'__walk self, at: &#krate::SlotPath, visit: &mut #visit(#krate::SlotPath, &'__walk #krate::Slot)) {
                #walk
            }

            fn walk_mut(&mut self, at: &#krate::SlotPath, visit: &mut #visit(#krate::SlotPath, &mut #krate::Slot)) {
                #walk_mut
            }
        }
    }
}

fn calls(krate: &Path, walked: &[Walked<'_>], method: &TokenStream, borrow: &TokenStream) -> TokenStream {
    if walked.is_empty() {
        return quote!(let _ = (at, visit););
    }
    let calls = walked.iter().map(|Walked { ty, member, path }| {
        // an error points at the type, in the words of the trait; lints still see generated code
        let span = Span::call_site().located_at(ty.span());
        quote_spanned!(span=> <#ty as #krate::Tunable>::#method(#borrow self.#member, &#krate::SlotPath::child(at, #path), visit);)
    });
    quote!(#(#calls)*)
}

/// Whether the type names a type parameter, and not the struct itself (the bound would depend on itself).
fn needs_bound(ty: &Type, input: &DeriveInput) -> bool {
    let mut names = BTreeSet::new();
    collect(ty.to_token_stream(), &mut names);
    let own = names.iter().any(|name| *name == input.ident || name == "Self");
    !own && input.generics.type_params().any(|param| names.contains(&param.ident))
}

fn collect(tokens: TokenStream, names: &mut BTreeSet<Ident>) {
    for token in tokens {
        match token {
            TokenTree::Ident(ident) => {
                names.insert(ident);
            }
            TokenTree::Group(group) => collect(group.stream(), names),
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
}

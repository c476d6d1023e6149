use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};
use syn::LitStr;

use super::{
    limits::Limits,
    parse::{Field, Role, Signature},
};

pub(crate) fn expand(signature: &Signature) -> TokenStream {
    let input = format_ident!("{}Input", signature.ident);
    let output = format_ident!("{}Output", signature.ident);
    let structs = [side(signature, Role::Input, &input), side(signature, Role::Output, &output)];
    let implementation = implementation(signature, &input, &output);
    let reads = reads(signature);
    quote! {
        #(#structs)*
        #implementation
        #reads
    }
}

/// The struct of all inputs or all outputs.
fn side(signature: &Signature, role: Role, ident: &Ident) -> TokenStream {
    let Signature { vis, krate, derives, .. } = signature;
    let what = role.what();
    let doc = format!("The {what} fields of the signature [`{}`].", signature.ident);
    let serde = quote!(#krate::__private::serde);
    let serde_path = LitStr::new(&serde.to_string().replace(' ', ""), Span::call_site());
    let fields = signature.of(role).map(|field| {
        let Field { ident, vis, ty, docs, .. } = field;
        let docs = if docs.is_empty() {
            let doc = format!("The {what} field `{}`.", field.name);
            quote!(#[doc = #doc])
        } else {
            quote!(#(#docs)*)
        };
        quote!(#docs #vis #ident: #ty)
    });
    quote! {
        #[doc = #doc]
        #[derive(::core::clone::Clone, ::core::fmt::Debug, #serde::Serialize, #serde::Deserialize #(, #derives)*)]
        #[serde(crate = #serde_path, deny_unknown_fields)]
        #vis struct #ident {
            #(#fields,)*
        }
    }
}

fn implementation(signature: &Signature, input: &Ident, output: &Ident) -> TokenStream {
    let Signature { ident, krate, name, instruction, .. } = signature;
    let inputs = signature.of(Role::Input).map(|field| spec(field, signature));
    let outputs = signature.of(Role::Output).map(|field| spec(field, signature));
    quote! {
        #[automatically_derived]
        impl #krate::Signature for #ident {
            type Input = #input;
            type Output = #output;

            fn spec() -> ::std::sync::Arc<#krate::SignatureSpec> {
                static SPEC: ::std::sync::LazyLock<::std::sync::Arc<#krate::SignatureSpec>> = ::std::sync::LazyLock::new(|| {
                    ::std::sync::Arc::new(#krate::__private::spec(
                        #name,
                        #instruction,
                        ::std::vec![#(#inputs),*],
                        ::std::vec![#(#outputs),*],
                    ))
                });
                ::std::sync::Arc::clone(&SPEC)
            }
        }
    }
}

fn spec(field: &Field, signature: &Signature) -> TokenStream {
    let Field { name, ty, description, limits, .. } = field;
    let krate = &signature.krate;
    let mut spec = quote!(#krate::FieldSpec::of::<#ty>(#name));
    if let Some(description) = description {
        spec = quote!(#spec.describe(#description));
    }
    let set = assignments(limits, krate);
    if set.is_empty() {
        return spec;
    }
    quote! {
        #spec.constrain({
            let mut constraints = <#krate::Constraints as ::core::default::Default>::default();
            #(#set)*
            constraints
        })
    }
}

fn assignments(limits: &Limits, krate: &syn::Path) -> Vec<TokenStream> {
    let counts = [("min_chars", &limits.min_chars), ("max_chars", &limits.max_chars), ("max_items", &limits.max_items)];
    let numbers = [("min", &limits.min), ("max", &limits.max)];
    let counts = counts.into_iter().filter_map(|(key, count)| Some((key, count.as_ref()?.0))).map(|(key, count)| {
        let key = format_ident!("{key}");
        quote!(constraints.#key = ::core::option::Option::Some(#count);)
    });
    let numbers =
        numbers.into_iter().filter_map(|(key, number)| Some((key, number.as_ref()?.0))).map(|(key, number)| {
            let key = format_ident!("{key}");
            quote!(constraints.#key = ::core::option::Option::Some(#number);)
        });
    let pattern =
        limits.pattern.as_deref().map(|pattern| quote!(constraints.pattern = #krate::__private::pattern(#pattern);));
    counts.chain(numbers).chain(pattern).collect()
}

/// Reads every field of the declaring struct, which no one else does: it only exists to be derived from.
fn reads(signature: &Signature) -> TokenStream {
    let ident = &signature.ident;
    let fields = signature.fields.iter().map(|field| &field.ident);
    quote! {
        const _: fn(&#ident) = |declared| {
            let _ = (#(&declared.#fields,)*);
        };
    }
}

impl Signature {
    fn of(&self, role: Role) -> impl Iterator<Item = &Field> {
        self.fields.iter().filter(move |field| field.role == role)
    }
}

impl Role {
    fn what(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Output => "output",
        }
    }
}

//! The form of a table of the boundary file, one row a key: a new key of a tool, of replies, answers, classes or limits is a row there.

use serde::Serialize;
use serde_json::Value;

/// For each key: what it says, its name, which is the field's, and its type; how it is read, and which of two values is wider (`None`: what
/// stands below the key is compared by the caller). After `shown`, what a comparison shows of a value, where that is not its JSON. `beside`
/// names keys that are read with another one.
///
/// The JSON form of the tables is what a policy's digest is made of. So a new key needs `skip_serializing_if` for what it is where it is
/// not set: otherwise it changes the digest of every boundary.
macro_rules! key_table {
    (
        $(#[$meta:meta])*
        pub struct $name:ident;
        required { $(
            $(#[$needed_attribute:meta])+
            $needed:ident: $needed_type:ty = $needed_read:expr, $needed_order:expr $(, shown $needed_shown:expr)?;
        )* }
        optional { $(
            $(#[$attribute:meta])+
            $field:ident: $type:ty = $read:expr, $order:expr $(, shown $shown:expr)?;
        )+ }
        $(beside $($beside:literal)+)?
    ) => {
        $(#[$meta])*
        #[non_exhaustive]
        pub struct $name {
            $($(#[$needed_attribute])+ pub $needed: $needed_type,)*
            $($(#[$attribute])+ pub $field: $type,)+
        }

        impl $name {
            /// Its keys in a boundary file.
            #[doc(hidden)]
            pub const KEYS: &[&str] = &[$(stringify!($needed),)* $(stringify!($field),)+ $($($beside,)+)?];

            /// With what must be there, and nothing else.
            pub fn new($($needed: $needed_type),*) -> Self {
                Self { $($needed,)* $($field: Default::default(),)+ }
            }

            /// Every key is read, so that all problems are known; `None` where one that must be there is not.
            pub(in crate::policy) fn read(table: $crate::policy::Table<'_>) -> Option<Self> {
                $(
                    let read: fn(&$crate::policy::Table<'_>, &str) -> Option<$needed_type> = $needed_read;
                    let $needed = read(&table, stringify!($needed));
                )*
                $(
                    let read: fn(&$crate::policy::Table<'_>, &str) -> $type = $read;
                    let $field = read(&table, stringify!($field));
                )+
                table.finish(Self::KEYS);
                Some(Self { $($needed: $needed?,)* $($field,)+ })
            }

            /// Tells of every key that has an order which of the two is wider, and what stands there.
            #[doc(hidden)]
            pub fn compare(
                &self,
                new: &Self,
                tell: &mut dyn FnMut(&'static str, $crate::policy::order::Order, [Option<serde_json::Value>; 2]),
            ) {
                $(key_table! { @compare self new tell $needed: $needed_type = $needed_order $(, $needed_shown)? })*
                $(key_table! { @compare self new tell $field: $type = $order $(, $shown)? })+
            }
        }
    };
    (@compare $old:ident $new:ident $tell:ident $field:ident: $type:ty = $order:expr) => {
        key_table! { @compare $old $new $tell $field: $type = $order, $crate::policy::rule::keys::as_json }
    };
    (@compare $old:ident $new:ident $tell:ident $field:ident: $type:ty = $order:expr, $shown:expr) => {
        let order: Option<fn(&$type, &$type) -> $crate::policy::order::Order> = $order;
        let shown: fn(&$type) -> Option<serde_json::Value> = $shown;
        if let Some(order) = order {
            $tell(stringify!($field), order(&$old.$field, &$new.$field), [shown(&$old.$field), shown(&$new.$field)]);
        }
    };
}
pub(super) use key_table;

/// A value as JSON; none for what says nothing.
pub(super) fn as_json<T: Serialize>(value: &T) -> Option<Value> {
    let value = serde_json::to_value(value).ok()?;
    let says_nothing = value.is_null() || value.as_array().is_some_and(Vec::is_empty);
    (!says_nothing).then_some(value)
}

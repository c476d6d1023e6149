//! The form of a table of the boundary file, one row a key: a new key of a tool, of replies, answers, classes or limits is a row there.

use serde::Serialize;
use serde_json::Value;

/// For each key: what it says, the field, its type, the key's name; how it is read, and which of two values is wider (`None`: what stands
/// below the key is compared by the caller). After `shown`, what a comparison shows of a value, where that is not its JSON. `beside` names
/// keys that are read with another one.
macro_rules! key_table {
    (
        $(#[$meta:meta])*
        pub struct $name:ident;
        required { $(
            $(#[$needed_attribute:meta])+
            $needed:ident: $needed_type:ty = $needed_key:literal, $needed_read:expr, $needed_order:expr $(, shown $needed_shown:expr)?;
        )* }
        optional { $(
            $(#[$attribute:meta])+
            $field:ident: $type:ty = $key:literal, $read:expr, $order:expr $(, shown $shown:expr)?;
        )+ }
        $(beside $($beside:literal)+)?
    ) => {
        $(#[$meta])*
        #[non_exhaustive]
        pub struct $name {
            $($(#[$needed_attribute])+ #[serde(rename = $needed_key)] pub $needed: $needed_type,)*
            $($(#[$attribute])+ #[serde(rename = $key)] pub $field: $type,)+
        }

        impl $name {
            /// Its keys in a boundary file.
            pub const KEYS: &[&str] = &[$($needed_key,)* $($key,)+ $($($beside,)+)?];

            /// With what it must have, and nothing else.
            pub fn new($($needed: $needed_type),*) -> Self {
                Self { $($needed,)* $($field: Default::default(),)+ }
            }

            /// Every key is read, so that all problems are known; `None` where one that must be there is not.
            pub(in crate::policy) fn read(table: Table<'_>) -> Option<Self> {
                $(
                    let read: fn(&Table<'_>, &str) -> Option<$needed_type> = $needed_read;
                    let $needed = read(&table, $needed_key);
                )*
                $(
                    let read: fn(&Table<'_>, &str) -> $type = $read;
                    let $field = read(&table, $key);
                )+
                table.finish(Self::KEYS);
                Some(Self { $($needed: $needed?,)* $($field,)+ })
            }

            #[doc(hidden)]
            /// Tells of every key that has an order which of the two is wider, and what stands there: nothing for what is as without it.
            pub fn compare(&self, new: &Self, tell: &mut dyn FnMut(&'static str, Order, [Option<serde_json::Value>; 2])) {
                $(key_table! { @compare self new tell $needed: $needed_type = $needed_key, $needed_order $(, $needed_shown)? })*
                $(key_table! { @compare self new tell $field: $type = $key, $order $(, $shown)? })+
            }
        }
    };
    (@compare $old:ident $new:ident $tell:ident $field:ident: $type:ty = $key:literal, $order:expr) => {
        key_table! { @compare $old $new $tell $field: $type = $key, $order, super::keys::as_json }
    };
    (@compare $old:ident $new:ident $tell:ident $field:ident: $type:ty = $key:literal, $order:expr, $shown:expr) => {
        let order: Option<fn(&$type, &$type) -> Order> = $order;
        let shown: fn(&$type) -> Option<serde_json::Value> = $shown;
        if let Some(order) = order {
            $tell($key, order(&$old.$field, &$new.$field), [shown(&$old.$field), shown(&$new.$field)]);
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

use std::fmt;

use serde::{Serialize, Serializer};

macro_rules! rules {
    ($($(#[doc = $doc:literal])+ $id:ident = $name:literal,)+) => {
        /// The rule that refuses a call. Its name is the key of the boundary that sets it, where there is one.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum RuleId {
            $($(#[doc = $doc])+ $id,)+
        }

        impl RuleId {
            /// Every rule.
            pub const ALL: &[Self] = &[$(Self::$id),+];

            /// The name, such as `max_chars`.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$id => $name,)+
                }
            }
        }
    };
}

rules! {
    /// `arguments.NAME.pattern`.
    Pattern = "pattern",
    /// `arguments.NAME.enum`.
    Enum = "enum",
    /// `arguments.NAME.not_enum`.
    NotEnum = "not_enum",
    /// `arguments.NAME.min`.
    Min = "min",
    /// `arguments.NAME.max`.
    Max = "max",
    /// `arguments.NAME.min_chars`.
    MinChars = "min_chars",
    /// `arguments.NAME.max_chars`.
    MaxChars = "max_chars",
    /// `arguments.NAME.max_items`.
    MaxItems = "max_items",
    /// `arguments.NAME.prefix`.
    Prefix = "prefix",
    /// `arguments.NAME.hosts`.
    Hosts = "hosts",
    /// `arguments.NAME.links`.
    Links = "links",
    /// `arguments.NAME.path_root`.
    PathRoot = "path_root",
    /// `arguments.NAME.fields`: the value must be an object with these fields.
    Fields = "fields",
    /// `arguments.NAME.from`.
    From = "from",
    /// An argument or a field without an entry.
    OtherArguments = "other_arguments",
    /// A name that differs from that of an entry in case or punctuation only.
    Name = "name",
    /// The tool's own schema.
    Schema = "schema",
    /// `distinct` of the tool.
    Distinct = "distinct",
    /// `no_egress` of the tool.
    NoEgress = "no_egress",
    /// `canaries.values`.
    Canaries = "canaries",
    /// A secret, or what looks like one. No approver can lift it.
    Secret = "secret",
    /// `after` of the tool.
    After = "after",
    /// `only_if` of the tool.
    OnlyIf = "only_if",
    /// `never_with` of the tool.
    NeverWith = "never_with",
    /// `[limits.caller]`.
    CallerLimits = "limits.caller",
    /// `[limits.all]`.
    AllLimits = "limits.all",
}

impl fmt::Display for RuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for RuleId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

use std::collections::{BTreeMap, BTreeSet};

use abide_base::call::{ServerId, ToolName};

use super::{Answer, Class, CompileWrites, Limits, Registry, ToolLock, ToolRule};

/// What a policy is made of.
#[derive(Clone, Debug, Default)]
pub struct PolicySpec {
    /// The ids of the servers that tools may be of.
    pub servers: BTreeSet<ServerId>,
    /// The tools that may be called.
    pub tools: BTreeMap<ToolName, ToolRule>,
    /// Lists that arguments may come from.
    pub registry: Registry,
    /// Classes of values that must not leave, by name.
    pub sensitive: BTreeMap<String, Class>,
    /// Limits over all tools.
    pub limits: Limits,
    /// What programs may answer.
    pub answer: Answer,
    /// Canaries: values that the operator has planted. A call that has one of them is refused.
    pub canaries: Vec<String>,
    /// What becomes of writes while compiling.
    pub compile_writes: CompileWrites,
    /// The definitions of tools that were approved; any when absent.
    pub lock: Option<ToolLock>,
}

//! From the text of `boundary.toml` to a policy and servers.

use abide_guard::policy::{self, Declared, Lines, LoadMode, PolicySpec, Problem, key_path};

use crate::servers::{self, LoadContext, Servers};

/// What a file says, what it declares, and on which lines.
pub(super) fn read(
    text: &str,
    context: LoadContext<'_>,
    mode: LoadMode,
) -> Result<(PolicySpec, Servers, Declared, Lines), Vec<Problem>> {
    let read = policy::read_file(text, context.base_dir, |root| {
        let mut policy = policy::read(root, mode);
        let servers = servers::read(root, &context);
        policy.servers = servers.ids();
        let declared = Declared::in_file(root);
        let is_without_servers = mode == LoadMode::Review && !root.has("servers");
        let declared = if is_without_servers { declared.with_servers_of(&policy) } else { declared };
        let problems = problems(&policy, &servers, &declared);
        ((policy, servers, declared), problems)
    });
    read.map(|((policy, servers, declared), lines)| (policy, servers, declared, lines))
}

/// Every problem of a policy and of the servers beside it.
pub(super) fn problems(policy: &PolicySpec, servers: &Servers, declared: &Declared) -> Vec<Problem> {
    let mut problems = servers::validate(servers);
    problems.extend(policy::validate(policy, declared));
    let scoped = policy.tools.iter().filter(|(_, rule)| !rule.scopes.is_empty());
    let is_without_tokens = |id: &str| servers.takes_no_tokens(id);
    problems.extend(scoped.filter(|(name, _)| name.server().is_some_and(is_without_tokens)).map(|(name, _)| {
        let key = key_path(&key_path("tools", name.as_str()), "scopes");
        Problem::new(key, "its server takes no tokens, so it can need no scopes: write `[]`")
    }));
    problems
}

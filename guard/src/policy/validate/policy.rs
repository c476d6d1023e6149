use abide_base::schema::takes_field;

use super::{Declared, sequence, tool};
use crate::policy::{PolicySpec, Problem, field_path, reader::join};

/// Letters and digits of the shortest canary.
const MIN_CANARY: usize = 6;

/// Every problem of the policy.
pub fn validate(spec: &PolicySpec, declared: &Declared) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (name, rule) in &spec.tools {
        tool::check(name, rule, declared, &mut problems);
    }
    flow(spec, declared, &mut problems);
    sequence::check(spec, declared, &mut problems);
    locked(spec, &mut problems);
    problems
}

fn flow(spec: &PolicySpec, declared: &Declared, problems: &mut Vec<Problem>) {
    for (name, class) in &spec.sensitive {
        let path = join("sensitive", name);
        let mut add = |key: &str, reason: String| problems.push(Problem::new(join(&path, key), reason));
        if class.pattern.is_none() && class.from.is_empty() {
            add(
                "pattern",
                "is missing, and so is `from`: say what values of this class look like, or where they come from".into(),
            );
        }
        if class.pattern.as_ref().is_some_and(|pattern| pattern.regex().is_match("")) {
            add("pattern", "matches the empty text, so every text would have a value of this class".into());
        }
        class.from.iter().filter_map(|source| tool::unknown(source, declared)).for_each(|reason| add("from", reason));
    }
    for class in spec.answer.never.iter().filter(|class| !declared.classes.contains(*class)) {
        problems.push(Problem::new("answer.never", tool::no_class(class)));
    }
    if spec.canaries.iter().any(|canary| canary.chars().filter(|c| c.is_alphanumeric()).count() < MIN_CANARY) {
        let reason = "has a value with fewer than six letters and digits: it would turn up by chance";
        problems.push(Problem::new("canaries.values", reason));
    }
}

/// What the lock says of tools must fit what the rules say.
fn locked(spec: &PolicySpec, problems: &mut Vec<Problem>) {
    let Some(lock) = &spec.lock else { return };
    for (name, rule) in spec.tools.iter().filter(|(name, _)| name.server().is_some()) {
        let path = join("tools", name.as_str());
        let Some(approved) = lock.tools.get(name) else {
            problems.push(Problem::new(path, "is not in the tool lock: run `abide tools lock` again, or take it away"));
            continue;
        };
        for (argument, rule) in &rule.arguments {
            let place = join(&join(&path, "arguments"), argument);
            for (fields, _) in rule.all() {
                let names = std::iter::once(argument.as_str()).chain(fields.iter().copied());
                if !takes_field(&approved.input_schema, names) {
                    let what = if fields.is_empty() { "an argument" } else { "a field of an argument" };
                    let reason = format!("is not {what} of this tool, as its locked definition says: correct the name");
                    problems.push(Problem::new(field_path(&place, &fields), reason));
                }
            }
        }
    }
}

use abide_base::{id::ModelId, shown::shown};

use super::super::{Artifact, Contents};
use super::lines::{Diff, Lines, Mark};
use crate::Digest;

/// What changed from `old` to `new`; empty exactly when their digests are the same.
pub fn diff(old: &Artifact, new: &Artifact) -> Diff {
    let mut diff = Diff::default();
    if old.digest() == new.digest() {
        return diff;
    }
    diff.section("artifact", |lines| {
        lines.change("digest", old.digest().short(), new.digest().short());
    });
    diff.section("program", |lines| {
        lines.change("name", &old.program.name, &new.program.name);
    });
    diff.section("requires", |lines| requires(lines, old, new));
    diff.section("boundary", |lines| {
        lines.change("digest", old.boundary_digest.short(), new.boundary_digest.short());
    });
    super::slot::sections(&mut diff, old, new);
    diff.section("provenance", |lines| provenance(lines, old, new));
    super::evidence::sections(&mut diff, &old.evidence, &new.evidence);
    diff
}

fn requires(lines: &mut Lines, old: &Contents, new: &Contents) {
    let (old, new) = (&old.requires, &new.requires);
    for scope in new.scopes.missing(&old.scopes).iter() {
        lines.push(Mark::Removed, format!("scope {scope}"));
    }
    for scope in old.scopes.missing(&new.scopes).iter() {
        lines.push(Mark::Widened, format!("scope {scope}"));
    }
    lines.maps((&old.tools, &new.tools), Mark::Widened, |name, was, is| match (was, is) {
        (Some(was), Some(is)) => {
            format!("tool {name}: definition {} -> {}", was.short(), is.short())
        }
        _ => format!("tool {name}"),
    });
}

fn provenance(lines: &mut Lines, old: &Contents, new: &Contents) {
    let (old, new) = (&old.provenance, &new.provenance);
    lines.change("optimizer", &old.optimizer, &new.optimizer);
    lines.change("config", &old.config, &new.config);
    lines.change("seed", old.seed, new.seed);
    lines.change("data", old.data_digest.short(), new.data_digest.short());
    lines.maps((&old.models, &new.models), Mark::Added, |role, was, is| {
        let id = |id: Option<&ModelId>| id.map_or("none".to_owned(), |id| shown(&id.0).to_string());
        format!("model {}: {} -> {}", shown(role), id(was), id(is))
    });
    let parent = |p: &Option<Digest>| p.as_ref().map_or("none".to_owned(), |d| d.short().to_owned());
    lines.change("parent", parent(&old.parent), parent(&new.parent));
    lines.change("abide", &old.abide_version, &new.abide_version);
}

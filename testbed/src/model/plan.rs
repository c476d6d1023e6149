//! What is left to do for a request, given the steps so far.

use super::{
    catalogue::Purpose,
    intent::Intent,
    observe::Failure,
    prompt::Step,
    respond::{done, unknown},
};

/// A call that the request needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// What has to be called.
    pub purpose: Purpose,
    /// About whom.
    pub id: String,
}

/// Needed calls that were neither made nor turned down yet: lookups, then sums, then tickets.
#[must_use]
pub fn remaining(intent: &Intent, steps: &[Step]) -> Vec<Need> {
    let mut out = Vec::new();
    for purpose in [Purpose::Lookup, Purpose::Total, Purpose::Ticket] {
        for want in &intent.wants {
            let ticket_made = done(steps, Purpose::Ticket, &want.id).is_some();
            let needed = match purpose {
                Purpose::Lookup => !want.facts.is_empty() || (want.ticket && !ticket_made),
                Purpose::Total => !want.amounts.is_empty(),
                _ => want.ticket,
            };
            let settled = done(steps, purpose, &want.id).is_some()
                || unknown(&want.id, steps)
                || turned_down(steps, purpose, &want.id);
            if needed && !settled {
                out.push(Need { purpose, id: want.id.clone() });
            }
        }
    }
    out
}

/// A well-shaped call of this purpose about this customer came back with an error.
fn turned_down(steps: &[Step], purpose: Purpose, id: &str) -> bool {
    let exact = format!("\"{id}\"");
    steps.iter().any(|step| {
        Purpose::of(&step.tool) == purpose
            && step.arguments.to_string().contains(&exact)
            && Failure::of(&step.observation).is_some()
    })
}

//! What a customer-service request asks for, read out of its wording: ids, amounts, and what is wanted.
//!
//! Reading requests is *capability*: every world does it alike. Nothing here depends on a seed.

use super::{
    cue::{
        BULK, CHANGE, COMPLAINT, CRITICAL, EXPORT, FACTS, LOW, MEDIUM, MILD_COMPLAINT, MOST_URGENT, REFUND, SEARCH,
        TICKET, TOTAL, Text, URGENT,
    },
    figure::{amounts, amounts_by_place, ids, resolved},
    world,
};

pub use super::{
    fact::Fact,
    figure::{customer_ids, is_customer_id},
    survey::Survey,
};

/// What a request asks for. Several may be wanted at once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Intent {
    /// Well-formed customer ids (three upper-case letters, three digits), in order, each once.
    pub ids: Vec<String>,
    /// What was given as an id but is none, if no well-formed one was given.
    pub malformed: Option<String>,
    /// Sums of money, in order.
    pub amounts: Vec<f64>,
    /// Open a ticket.
    pub ticket: bool,
    /// Add the amounts up.
    pub total: bool,
    /// Facts of the customer's record, by the words that asked for them.
    pub facts: Vec<Fact>,
    /// Something an agent of this kind may not do.
    pub forbidden: Option<Forbidden>,
    /// Asks about customers in general rather than about a named one.
    pub bulk: bool,
    /// Asks which of the newest customers are of one kind, and names nobody.
    pub survey: Option<Survey>,
    /// The priority that a ticket should have, if the request says so.
    pub priority: Option<&'static str>,
    /// What is wanted for each named customer.
    pub wants: Vec<Want>,
}

/// What a request wants for one customer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Want {
    /// The customer.
    pub id: String,
    /// Open a ticket.
    pub ticket: bool,
    /// Add these amounts up, if any.
    pub amounts: Vec<f64>,
    /// Facts of the record.
    pub facts: Vec<Fact>,
}

impl Want {
    fn is_empty(&self) -> bool {
        !self.ticket && self.amounts.is_empty() && self.facts.is_empty()
    }
}

/// A wish that needs a human, because the agent lacks the permission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Forbidden {
    /// Pay money back.
    Refund,
    /// Hand out many records at once.
    Export,
    /// Look for customers by something other than their id.
    Search,
    /// Change or delete a record.
    Change,
}

impl Intent {
    /// Reads a request.
    #[must_use]
    pub fn read(request: &str) -> Self {
        let text = Text::new(request);
        let (ids, malformed) = ids(request);
        let amounts = amounts(request);
        let ticket_named = text.any(TICKET);
        let nobody = ids.is_empty() && malformed.is_none();
        let forbidden = forbidden(&text, ticket_named, nobody);
        let bulk = text.any(BULK);
        let total = !amounts.is_empty() && (text.any(TOTAL) || amounts.len() > 1 && !text.any(COMPLAINT));
        let mut facts: Vec<Fact> = FACTS.iter().filter(|(_, cues)| text.any(cues)).map(|(fact, _)| *fact).collect();
        let complaint = text.any(COMPLAINT) || (text.any(MILD_COMPLAINT) && !total && facts.is_empty());
        let ticket = ticket_named || (complaint && forbidden.is_none() && !bulk);
        if ticket {
            facts.retain(|fact| matches!(fact, Fact::Status | Fact::Tier));
        }
        if facts.is_empty() && !ticket && !total && forbidden.is_none() && !ids.is_empty() {
            facts.extend([Fact::Name, Fact::Status, Fact::Tier]);
        }
        let priority = ticket.then(|| priority(&text)).flatten();
        let plain = nobody && bulk && !ticket && !total && forbidden.is_none();
        let survey = plain.then(|| Survey::read(&text)).flatten();
        let mut intent = Self {
            ids,
            malformed,
            amounts,
            ticket,
            total,
            facts,
            forbidden,
            bulk,
            survey,
            priority,
            wants: Vec::new(),
        };
        intent.wants = intent.shared_out(request);
        intent
    }

    /// Shares what is wanted out among the customers: each sentence speaks of the ids in it, or of those before.
    fn shared_out(&self, request: &str) -> Vec<Want> {
        let amounts = if self.total { self.amounts.clone() } else { Vec::new() };
        let everything = |id: &String| Want {
            id: id.clone(),
            ticket: self.ticket,
            amounts: amounts.clone(),
            facts: self.facts.clone(),
        };
        if self.ids.len() < 2 {
            return self.ids.iter().map(everything).collect();
        }
        let request = &resolved(request, &self.ids);
        let sums = if self.total { amounts_by_place(request, &self.ids) } else { Vec::new() };
        let sums_of =
            |id: &String| sums.iter().find(|(whose, _)| whose == id).map(|(_, sums)| sums.clone()).unwrap_or_default();
        let mut wants: Vec<Want> =
            self.ids.iter().map(|id| Want { id: id.clone(), amounts: sums_of(id), ..Want::default() }).collect();
        let mut about: Vec<String> = Vec::new();
        let mut ticket_given = false;
        for clause in clauses(request) {
            let named = customer_ids(clause);
            let anaphora = named.is_empty();
            if !anaphora {
                about = named;
            }
            let text = Text::new(clause);
            let files =
                self.ticket && !ticket_given && (text.any(TICKET) || text.any(COMPLAINT) || text.any(MILD_COMPLAINT));
            let subject = if about.is_empty() { self.ids.clone() } else { about.clone() };
            for (nth, want) in wants.iter_mut().filter(|want| subject.contains(&want.id)).enumerate() {
                if files && (nth == 0 || text.any("each | both")) {
                    want.ticket = true;
                    ticket_given = true;
                }
                let facts = FACTS.iter().filter(|(_, cues)| text.any(cues)).map(|(fact, _)| *fact);
                want.facts.extend(facts);
                want.facts.sort_unstable();
                want.facts.dedup();
            }
        }
        if self.ticket && !ticket_given {
            wants.iter_mut().take(1).for_each(|want| want.ticket = true);
        }
        for want in &mut wants {
            if want.is_empty() {
                *want = Want { ticket: false, ..everything(&want.id) };
            }
        }
        wants
    }

    /// Whether there is anything that the agent could do for a named customer.
    #[must_use]
    pub fn is_doable(&self) -> bool {
        !self.ids.is_empty() && (self.ticket || self.total || !self.facts.is_empty())
    }

    /// Words that stand for what is asked, so that requests of one kind resemble each other whatever their wording.
    #[must_use]
    pub fn concepts(&self) -> Vec<&'static str> {
        let mut out = Vec::new();
        let mut add = |present: bool, concept| {
            if present {
                out.push(concept);
            }
        };
        add(self.ticket, "#ticket");
        add(self.total, "#total");
        add(self.forbidden == Some(Forbidden::Refund), "#refund");
        add(matches!(self.forbidden, Some(Forbidden::Export | Forbidden::Search)), "#reach");
        add(self.forbidden == Some(Forbidden::Change), "#change");
        add(self.bulk, "#bulk");
        add(self.survey.is_some(), "#survey");
        add(self.malformed.is_some(), "#malformed");
        add(!self.facts.is_empty(), "#facts");
        add(!self.ids.is_empty(), "#id");
        out
    }
}

/// Sentences, and the parts of a sentence that speak of different customers.
fn clauses(request: &str) -> Vec<&str> {
    let mut out = Vec::new();
    for sentence in request.split_inclusive(['?', '!', ';', '\n']).flat_map(|part| part.split(". ")) {
        let mut rest = sentence;
        for joint in [", and ", " and ", ", then ", ", while ", ", but ", " whereas ", ", "] {
            if let Some((head, tail)) = rest.split_once(joint)
                && !customer_ids(head).is_empty()
                && !customer_ids(tail).is_empty()
                && speaks(head)
                && speaks(tail)
            {
                out.push(head);
                rest = tail;
            }
        }
        out.push(rest);
    }
    out
}

fn speaks(clause: &str) -> bool {
    let text = Text::new(clause);
    !amounts(clause).is_empty()
        || text.any(TICKET)
        || text.any(COMPLAINT)
        || FACTS.iter().any(|(_, cues)| text.any(cues))
}

fn forbidden(text: &Text, ticket: bool, nobody: bool) -> Option<Forbidden> {
    if text.any(REFUND) || (!amounts(text.plain()).is_empty() && text.any("back") && !text.any(TOTAL)) {
        return Some(Forbidden::Refund);
    }
    if ticket {
        return None;
    }
    if text.any(EXPORT) {
        return Some(Forbidden::Export);
    }
    let by_name = FACTS.iter().any(|(fact, cues)| *fact == Fact::Name && text.any(cues));
    if nobody && (text.any(SEARCH) || by_name) {
        return Some(Forbidden::Search);
    }
    text.any(CHANGE).then_some(Forbidden::Change)
}

fn priority(text: &Text) -> Option<&'static str> {
    let table = [(LOW, "low"), (MEDIUM, "medium"), (CRITICAL, "critical"), (MOST_URGENT, "urgent"), (URGENT, "high")];
    table.iter().find(|(cues, _)| text.any(cues)).map(|(_, priority)| *priority)
}

/// The words by which two requests resemble each other: function words left out, ids and numbers replaced by their kind.
#[must_use]
pub fn signature(request: &str, intent: &Intent) -> Vec<String> {
    let mut out: Vec<String> = world::words(request).filter(|word| !world::is_function_word(word)).collect();
    out.extend(intent.concepts().iter().flat_map(|concept| [(*concept).to_owned(), format!("{concept}+")]));
    out.sort_unstable();
    out.dedup();
    out
}

/// Cosine of two sorted word sets, in [0, 1].
#[must_use]
pub fn similarity(a: &[String], b: &[String]) -> f64 {
    if a.is_empty() || b.is_empty() {
        return 0.0;
    }
    let shared = a.iter().filter(|word| b.binary_search(word).is_ok()).count();
    shared as f64 / ((a.len() * b.len()) as f64).sqrt()
}

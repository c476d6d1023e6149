//! What a customer-service request asks for, read out of its wording: ids, amounts, and what is wanted.
//!
//! Reading requests is *capability*: every world does it alike. Nothing here depends on a seed.

use super::world;

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

/// One fact of a customer's record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fact {
    /// Whether the account is active.
    Status,
    /// The service tier.
    Tier,
    /// The name.
    Name,
    /// The e-mail address.
    Email,
    /// Since when they are a customer.
    Since,
    /// Remarks on the record.
    Notes,
}

impl Fact {
    /// All facts, with the keys under which tools name them.
    pub const KEYS: [(Self, &'static [&'static str]); 6] = [
        (Self::Status, &["status", "account_status", "state"]),
        (Self::Tier, &["tier", "level", "plan", "membership", "segment"]),
        (Self::Name, &["name", "customer_name", "full_name"]),
        (Self::Email, &["email", "e_mail", "mail", "email_address"]),
        (Self::Since, &["since", "created", "created_at", "member_since", "opened"]),
        (Self::Notes, &["notes", "note", "remarks", "comment"]),
    ];
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
        let mut intent = Self { ids, malformed, amounts, ticket, total, facts, forbidden, bulk, priority, wants: Vec::new() };
        intent.wants = intent.shared_out(request);
        intent
    }

    /// Shares what is wanted out among the customers: each sentence speaks of the ids in it, or of those before.
    fn shared_out(&self, request: &str) -> Vec<Want> {
        let amounts = if self.total { self.amounts.clone() } else { Vec::new() };
        let everything = |id: &String| Want { id: id.clone(), ticket: self.ticket, amounts: amounts.clone(), facts: self.facts.clone() };
        if self.ids.len() < 2 {
            return self.ids.iter().map(everything).collect();
        }
        let request = &resolved(request, &self.ids);
        let sums = if self.total { amounts_by_place(request, &self.ids) } else { Vec::new() };
        let sums_of = |id: &String| sums.iter().find(|(whose, _)| whose == id).map(|(_, sums)| sums.clone()).unwrap_or_default();
        let mut wants: Vec<Want> = self.ids.iter().map(|id| Want { id: id.clone(), amounts: sums_of(id), ..Want::default() }).collect();
        let mut about: Vec<String> = Vec::new();
        let mut ticket_given = false;
        for clause in clauses(request) {
            let named = customer_ids(clause);
            let anaphora = named.is_empty();
            if !anaphora {
                about = named;
            }
            let text = Text::new(clause);
            let files = self.ticket && !ticket_given && (text.any(TICKET) || text.any(COMPLAINT) || text.any(MILD_COMPLAINT));
            let subject = if about.is_empty() { self.ids.clone() } else { about.clone() };
            for (nth, want) in wants.iter_mut().filter(|want| subject.contains(&want.id)).enumerate() {
                if files && (nth == 0 || text.any(&["each", "both"])) {
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
        add(self.malformed.is_some(), "#malformed");
        add(!self.facts.is_empty(), "#facts");
        add(!self.ids.is_empty(), "#id");
        out
    }
}

const TICKET: &[&str] = &[
    "ticket", "log it", "log that", "file it", "file that", "file something", "file an", "put on record", "put it on record", "open a case", "log a case", "create a case", "raise a case", "file a case", "support case", "log this", "raise this",
    "file a complaint", "escalate", "open an issue", "log an issue", "report an issue", "raise an issue", "file a report", "log a complaint",
    "register a complaint", "record a complaint", "make a complaint", "lodge", "put in a complaint", "take a complaint",
];
const COMPLAINT: &[&str] = &[
    "defect*", "broken", "broke", "faulty", "damaged", "complain*", "not working", "doesn't work", "does not work", "stopped working",
    "won't turn", "won't start", "won't charge", "won't connect", "won't power", "no longer works", "crash*", "leak*", "cracked", "malfunction*",
    "wrong item", "wrong size", "wrong colour", "wrong color", "wrong product", "missing part*", "never arrived", "hasn't arrived", "not arrived",
    "did not arrive", "didn't arrive", "arrived late", "shattered", "dead on arrival", "keeps", "overheat*", "overcharged", "charged twice",
    "double charged", "billed twice", "smashed", "snapped", "torn", "fell apart", "falling apart", "bug", "outage", "lost parcel", "lost package",
    "scratched", "dented", "unusable", "is dead", "gone dead", "stuck", "error message", "can't log in", "cannot log in", "locked out",
    "rude", "unhappy", "dissatisfied", "disappointed", "flicker*", "jammed", "ripped",
];
const MILD_COMPLAINT: &[&str] = &["problem*", "issue*", "trouble*", "wrong", "missing", "late", "delayed", "fails", "failed", "failing", "stopped", "won't", "help with"];
const TOTAL: &[&str] = &[
    "total*", "sum", "sums", "add up", "adds up", "added up", "adding up", "worth", "value*", "calculate", "compute", "altogether", "combined", "spent",
    "spend*", "purchases", "add these", "add those", "add together", "tally", "tot up", "come to", "comes to", "amount to", "in all", "how much", "figure out", "work out",
];
const FACTS: &[(Fact, &[&str])] = &[
    (Fact::Status, &["status", "active", "suspended", "standing", "state of", "what state", "which state", "state is", "account check", "is open", "still open", "closed", "pending", "account state", "good standing"]),
    (Fact::Tier, &["tier*", "level", "membership", "gold", "silver", "platinum", "loyalty", "plan", "class"]),
    (Fact::Name, &["name", "names", "name of", "their name", "whose", "who is", "who's", "the name", "full name", "name on", "name behind", "registered to", "belongs to", "'s name", "name for", "name is on", "which name", "what name"]),
    (Fact::Email, &["email*", "e-mail*", "mail address", "contact address"]),
    (Fact::Since, &["since", "how long", "join*", "signed up", "sign up", "opened their account", "customer for", "when did", "how old", "been with us", "date", "account opened", "start date", "tenure"]),
    (Fact::Notes, &["notes on", "note on", "remarks", "what notes", "any notes", "the notes"]),
];
const BULK: &[&str] = &[
    "recent customers", "recent customer*", "latest customers", "newest customers", "new customers", "all customers", "all our customers", "all of our customers",
    "every customer", "each customer", "our customers", "list of customers", "customer list", "list customers", "list the customers", "everyone", "everybody",
    "all accounts", "every account", "customers and their", "other customers", "top customers", "last few customers", "most recent", "recently joined",
    "recent sign-ups", "recent signups", "latest signups", "latest sign-ups", "recent accounts", "newest accounts", "customers joined", "customers who", "customers are", "customers do we", "customer base", "customers we",
    "customers have", "customers with", "customers signed", "latest accounts", "new accounts", "newcomers",
];
const REFUND: &[&str] = &[
    "refund*", "money back", "reimburse*", "credit back", "credit the", "credit their", "credit customer", "chargeback", "compensat*", "pay back", "pay them back",
    "give back", "return the money", "return their money", "reverse the charge", "reverse the payment", "reverse a payment", "reverse a charge", "goodwill",
    "pay out", "store credit", "send back the", "send it back", "give it back", "overpaid", "back to them", "back to him", "back to her", "pay them", "send $", "payout", "transfer $", "transfer the",
];
const EXPORT: &[&str] = &[
    "export*", "download*", "csv", "dump", "spreadsheet", "mailing list", "full list", "complete list", "entire list", "whole list", "backup", "extract of", "excel",
    "entire customer", "whole customer", "full database", "entire database", "database", "contact list", "address list",
];
const SEARCH: &[&str] = &[
    "search*", "find all", "find any", "find every", "find me all", "find customers", "which customers", "who are the customers", "look for customers", "customers named",
    "customer named", "customer called", "customers called", "someone named", "someone called", "anyone named", "anyone called", "surname", "last name", "first name",
    "find the customer", "find a customer", "find out which", "locate", "look up by name", "by name", "by e-mail", "by email", "track down", "dig up", "with the email", "with the e-mail", "whose email", "whose e-mail", "whose name",
    "don't have the id", "don't know the id", "don't have their id", "don't know their id", "don't have an id", "without an id",
];
const CHANGE: &[&str] = &[
    "delete", "erase", "remove the account", "remove the customer", "close the account", "close their account", "cancel the account", "cancel their", "update the email", "update their",
    "change the email", "change their", "change the address", "change the e-mail", "update the e-mail", "update the address", "upgrade", "downgrade", "reset the password", "reset their",
    "reactivate", "unsuspend", "merge the", "set the tier", "set their", "promote",
];
const URGENT: &[&str] = &["urgent*", "high priority", "high-priority", "priority high", "priority: high", "top priority", "asap", "immediately", "critical", "emergency", "right away", "as high"];
const CRITICAL: &[&str] = &["ticket critical", "critical priority", "priority critical", "priority: critical", "critical ticket"];
const MOST_URGENT: &[&str] = &["urgent priority", "priority urgent", "priority: urgent", "ticket urgent", "urgent ticket", "urgent support ticket", "as urgent", "mark it urgent", "make it urgent"];
const LOW: &[&str] = &["low priority", "low-priority", "priority low", "priority: low", "not urgent", "no rush", "no hurry", "whenever", "isn't urgent", "as low"];
const MEDIUM: &[&str] = &["medium priority", "medium-priority", "normal priority", "normal-priority", "priority medium", "priority: medium", "as medium", "priority normal"];

/// "The former" and "the latter" replaced by the ids they mean.
fn resolved(request: &str, ids: &[String]) -> String {
    let words = [["the former", "the latter"], ["the first one", "the second one"], ["the first", "the second"], ["The former", "The latter"]];
    words.iter().fold(request.to_owned(), |text, pair| {
        pair.iter().zip(ids).fold(text, |text, (word, id)| text.replace(word, id))
    })
}

/// Amounts belong to the id named last before them; amounts after a mere list of ids belong to all of them.
fn amounts_by_place(request: &str, ids: &[String]) -> Vec<(String, Vec<f64>)> {
    let mut places: Vec<(usize, &String)> = ids.iter().flat_map(|id| request.match_indices(id.as_str()).map(move |(at, _)| (at, id))).collect();
    places.sort_unstable();
    let mut out: Vec<(String, Vec<f64>)> = ids.iter().map(|id| (id.clone(), Vec::new())).collect();
    let ends = places.iter().skip(1).map(|(at, _)| *at).chain([request.len()]);
    for ((start, id), end) in places.iter().zip(ends) {
        let found = amounts(request.get(start + id.len()..end).unwrap_or_default());
        if let Some((_, sums)) = out.iter_mut().find(|(whose, _)| whose == *id) {
            sums.extend(found);
        }
    }
    let nobodys = out.iter().all(|(_, sums)| sums.is_empty());
    let listed = places.windows(2).all(|pair| matches!(pair, [(a, id), (b, _)] if b - a - id.len() <= 6));
    if nobodys || listed {
        out.iter_mut().for_each(|(_, sums)| *sums = amounts(request));
    }
    out
}

/// Sentences, and the parts of a sentence that speak of different customers.
fn clauses(request: &str) -> Vec<&str> {
    let mut out = Vec::new();
    for sentence in request.split_inclusive(['?', '!', ';', '\n']).flat_map(|part| part.split(". ")) {
        let mut rest = sentence;
        for joint in [", and ", " and ", ", then ", ", while ", ", but ", " whereas ", ", "] {
            if let Some((head, tail)) = rest.split_once(joint) {
                if !customer_ids(head).is_empty() && !customer_ids(tail).is_empty() && speaks(head) && speaks(tail) {
                    out.push(head);
                    rest = tail;
                }
            }
        }
        out.push(rest);
    }
    out
}

fn speaks(clause: &str) -> bool {
    let text = Text::new(clause);
    !amounts(clause).is_empty() || text.any(TICKET) || text.any(COMPLAINT) || FACTS.iter().any(|(_, cues)| text.any(cues))
}

fn forbidden(text: &Text, ticket: bool, nobody: bool) -> Option<Forbidden> {
    if text.any(REFUND) || (!amounts(&text.0).is_empty() && text.any(&["back"]) && !text.any(TOTAL)) {
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

/// Whether a token has the shape of a customer id.
#[must_use]
pub fn is_customer_id(token: &str) -> bool {
    token.len() == 6
        && token.bytes().take(3).all(|b| b.is_ascii_uppercase())
        && token.bytes().skip(3).all(|b| b.is_ascii_digit())
}

/// Well-formed ids of a text, in order, each once.
#[must_use]
pub fn customer_ids(text: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for token in id_tokens(text) {
        if is_customer_id(token) && !out.iter().any(|seen| seen == token) {
            out.push(token.to_owned());
        }
    }
    out
}

fn ids(text: &str) -> (Vec<String>, Option<String>) {
    let good = customer_ids(text);
    if !good.is_empty() {
        return (good, None);
    }
    let tokens: Vec<&str> = id_tokens(text).collect();
    let near_cue = |at: usize| {
        tokens.iter().take(at).rev().take(3).any(|word| {
            let word = word.to_lowercase();
            ["customer", "id", "account", "client", "number", "record", "user", "member", "cust", "holder"].contains(&word.trim_end_matches("'s"))
        })
    };
    let candidate = tokens.iter().enumerate().find(|(at, token)| looks_like_id(token) && near_cue(*at));
    let found = candidate.or_else(|| tokens.iter().enumerate().find(|(_, token)| looks_like_id(token) && mixes(token)));
    (good, found.map(|(_, token)| (*token).to_owned()))
}

fn id_tokens(text: &str) -> impl Iterator<Item = &str> {
    let inside = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '#' | '*' | '%' | '$' | '.' | ',' | '/');
    text.split(move |c: char| !inside(c))
        .map(|token| token.trim_matches(|c: char| matches!(c, '.' | ',' | '-' | '#' | '/')))
        .filter(|token| !token.is_empty())
}

fn looks_like_id(token: &str) -> bool {
    let digits = token.chars().filter(char::is_ascii_digit).count();
    let money = token.contains(['$', '.', ',', '%']);
    (!money && digits >= 1 && token.len() >= 3 && token.len() <= 20) || (token.len() == 6 && token.chars().all(|c| c.is_ascii_uppercase()))
}

fn mixes(token: &str) -> bool {
    token.chars().filter(char::is_ascii_digit).count() >= 2 && token.chars().filter(|c| c.is_alphabetic()).count() >= 2
}

/// Sums of money of a text: numbers that are not part of a word, an id, a date or a clock time.
fn amounts(text: &str) -> Vec<f64> {
    let mut out = Vec::new();
    let mut cue = false;
    let separated = text.replace("], ", "] ").replace(", ", " , ");
    for token in separated.split(|c: char| c.is_whitespace() || matches!(c, '[' | ']' | '(' | ')' | ';' | '+' | '&' | '"' | '=')) {
        let plain = token.trim_matches(|c: char| matches!(c, '.' | ',' | '?' | '!' | ':' | '\'' | '*'));
        if plain.is_empty() {
            continue;
        }
        let money = plain.starts_with(['$', '€', '£']) || plain.ends_with(['$', '€', '£']);
        let number = plain.trim_matches(|c: char| matches!(c, '$' | '€' | '£'));
        match grouped(number) {
            Some(value) if money || number.contains('.') || !cue => out.push((value, money || number.contains('.'))),
            _ => {}
        }
        let word = plain.to_lowercase();
        cue = ["customer", "id", "order", "number", "account", "client", "#", "no", "invoice", "version", "last", "top", "item", "past", "within"].contains(&word.as_str());
    }
    let clear = out.iter().any(|(_, clear)| *clear);
    let several = out.len() > 1;
    out.into_iter().filter(|(value, is_clear)| *is_clear || (several && (!clear || *value >= 10.0))).map(|(value, _)| value).collect()
}

/// A number, possibly with commas between thousands.
fn grouped(text: &str) -> Option<f64> {
    if text.is_empty() || !text.chars().all(|c| c.is_ascii_digit() || c == '.' || c == ',') {
        return None;
    }
    text.replace(',', "").parse().ok().filter(|value: &f64| value.is_finite())
}

/// A text prepared for looking up words and phrases.
struct Text(String);

impl Text {
    fn new(text: &str) -> Self {
        let lower = text.to_lowercase().replace('\u{2019}', "'").replace("prio ", "priority ");
        let mut out = String::with_capacity(lower.len() + 2);
        out.push(' ');
        for c in lower.chars() {
            out.push(if c.is_alphanumeric() || matches!(c, '\'' | '-' | '$') { c } else { ' ' });
        }
        out.push(' ');
        Self(out.split_whitespace().fold(String::from(" "), |all, word| all + word + " "))
    }

    /// Whether any cue occurs as whole words; a cue that ends in `*` may go on within its last word.
    fn any(&self, cues: &[&str]) -> bool {
        cues.iter().any(|cue| {
            let (stem, open) = cue.strip_suffix('*').map_or((*cue, false), |stem| (stem, true));
            self.0.match_indices(stem).any(|(at, _)| {
                let before = self.0.get(..at).and_then(|s| s.chars().next_back());
                let after = self.0.get(at + stem.len()..).and_then(|s| s.chars().next());
                let starts = stem.starts_with('\'') || !before.is_some_and(char::is_alphanumeric);
                starts && (open || stem.ends_with('$') || !after.is_some_and(|c| c.is_alphanumeric()))
            })
        })
    }
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

//! Words and phrases by which wishes are recognised.
//!
//! A list is one string with `|` between cues. A cue occurs as whole words; with `*` at its end its last word may go on.

use super::fact::Fact;

pub(super) const TICKET: &str = "ticket | log it | log that | file it | file that | file something | file an | put on record \
    | put it on record | open a case | log a case | create a case | raise a case | file a case | \
    support case | log this | raise this | file a complaint | escalate | open an issue | log an \
    issue | report an issue | raise an issue | file a report | log a complaint | register a \
    complaint | record a complaint | make a complaint | lodge | put in a complaint | take a \
    complaint";
pub(super) const COMPLAINT: &str = "defect* | broken | broke | faulty | damaged | complain* | not working | doesn't work | does \
    not work | stopped working | won't turn | won't start | won't charge | won't connect | won't \
    power | no longer works | crash* | leak* | cracked | malfunction* | wrong item | wrong size \
    | wrong colour | wrong color | wrong product | missing part* | never arrived | hasn't \
    arrived | not arrived | did not arrive | didn't arrive | arrived late | shattered | dead on \
    arrival | keeps | overheat* | overcharged | charged twice | double charged | billed twice | \
    smashed | snapped | torn | fell apart | falling apart | bug | outage | lost parcel | lost \
    package | scratched | dented | unusable | is dead | gone dead | stuck | error message | \
    can't log in | cannot log in | locked out | rude | unhappy | dissatisfied | disappointed | \
    flicker* | jammed | ripped";
pub(super) const MILD_COMPLAINT: &str = "problem* | issue* | trouble* | wrong | missing | late | delayed | fails | failed | failing | \
    stopped | won't | help with";
pub(super) const TOTAL: &str = "total* | sum | sums | add up | adds up | added up | adding up | worth | value* | calculate | \
    compute | altogether | combined | spent | spend* | purchases | add these | add those | add \
    together | tally | tot up | come to | comes to | amount to | in all | how much | figure out \
    | work out";
pub(super) const BULK: &str = "recent customers | recent customer* | latest customers | newest customers | new customers | \
    all customers | all our customers | all of our customers | every customer | each customer | \
    our customers | list of customers | customer list | list customers | list the customers | \
    everyone | everybody | all accounts | every account | customers and their | other customers \
    | top customers | last few customers | most recent | recently joined | recent sign-ups | \
    recent signups | latest signups | latest sign-ups | recent accounts | newest accounts | \
    customers joined | customers who | customers are | customers do we | customer base | \
    customers we | customers have | customers with | customers signed | latest accounts | new \
    accounts | newcomers";
pub(super) const REFUND: &str = "refund* | money back | reimburse* | credit back | credit the | credit their | credit \
    customer | chargeback | compensat* | pay back | pay them back | give back | return the money \
    | return their money | reverse the charge | reverse the payment | reverse a payment | \
    reverse a charge | goodwill | pay out | store credit | send back the | send it back | give \
    it back | overpaid | back to them | back to him | back to her | pay them | send $ | payout | \
    transfer $ | transfer the";
pub(super) const EXPORT: &str = "export* | download* | csv | dump | spreadsheet | mailing list | full list | complete list | \
    entire list | whole list | backup | extract of | excel | entire customer | whole customer | \
    full database | entire database | database | contact list | address list";
pub(super) const SEARCH: &str = "search* | find all | find any | find every | find me all | find customers | which customers \
    | who are the customers | look for customers | customers named | customer named | customer \
    called | customers called | someone named | someone called | anyone named | anyone called | \
    surname | last name | first name | find the customer | find a customer | find out which | \
    locate | look up by name | by name | by e-mail | by email | track down | dig up | with the \
    email | with the e-mail | whose email | whose e-mail | whose name | don't have the id | \
    don't know the id | don't have their id | don't know their id | don't have an id | without \
    an id";
pub(super) const CHANGE: &str = "delete | erase | remove the account | remove the customer | close the account | close their \
    account | cancel the account | cancel their | update the email | update their | change the \
    email | change their | change the address | change the e-mail | update the e-mail | update \
    the address | upgrade | downgrade | reset the password | reset their | reactivate | \
    unsuspend | merge the | set the tier | set their | promote";
pub(super) const URGENT: &str = "urgent* | high priority | high-priority | priority high | priority: high | top priority | \
    asap | immediately | critical | emergency | right away | as high";
pub(super) const CRITICAL: &str = "ticket critical | critical priority | priority critical | priority: critical | critical \
    ticket";
pub(super) const MOST_URGENT: &str = "urgent priority | priority urgent | priority: urgent | ticket urgent | urgent ticket | \
    urgent support ticket | as urgent | mark it urgent | make it urgent";
pub(super) const LOW: &str = "low priority | low-priority | priority low | priority: low | not urgent | no rush | no hurry \
    | whenever | isn't urgent | as low";
pub(super) const MEDIUM: &str = "medium priority | medium-priority | normal priority | normal-priority | priority medium | \
    priority: medium | as medium | priority normal";
pub(super) const FACTS: [(Fact, &str); 6] = [
    (
        Fact::Status,
        "status | active | suspended | standing | state of | what state | which state | state is \
        | account check | is open | still open | closed | pending | account state | good \
        standing",
    ),
    (Fact::Tier, "tier* | level | membership | gold | silver | platinum | loyalty | plan | class"),
    (
        Fact::Name,
        "name | names | name of | their name | whose | who is | who's | the name | full name | \
        name on | name behind | registered to | belongs to | 's name | name for | name is on | \
        which name | what name",
    ),
    (Fact::Email, "email* | e-mail* | mail address | contact address"),
    (
        Fact::Since,
        "since | how long | join* | signed up | sign up | opened their account | customer for | \
        when did | how old | been with us | date | account opened | start date | tenure",
    ),
    (Fact::Notes, "notes on | note on | remarks | what notes | any notes | the notes"),
];

/// A text prepared for looking up words and phrases.
#[derive(Debug)]
pub(super) struct Text(String);

impl Text {
    pub(super) fn new(text: &str) -> Self {
        let lower = text.to_lowercase().replace('\u{2019}', "'").replace("prio ", "priority ");
        let mut out = String::with_capacity(lower.len() + 2);
        out.push(' ');
        for c in lower.chars() {
            out.push(if c.is_alphanumeric() || matches!(c, '\'' | '-' | '$') { c } else { ' ' });
        }
        out.push(' ');
        Self(out.split_whitespace().fold(String::from(" "), |all, word| all + word + " "))
    }

    /// The text, in lower case and without punctuation.
    pub(super) fn plain(&self) -> &str {
        &self.0
    }

    /// Whether any cue occurs as whole words; a cue that ends in `*` may go on within its last word.
    pub(super) fn any(&self, cues: &str) -> bool {
        cues.split('|').map(str::trim).any(|cue| {
            let (stem, open) = cue.strip_suffix('*').map_or((cue, false), |stem| (stem, true));
            self.0.match_indices(stem).any(|(at, _)| {
                let before = self.0.get(..at).and_then(|s| s.chars().next_back());
                let after = self.0.get(at + stem.len()..).and_then(|s| s.chars().next());
                let starts = stem.starts_with('\'') || !before.is_some_and(char::is_alphanumeric);
                starts && (open || stem.ends_with('$') || !after.is_some_and(|c| c.is_alphanumeric()))
            })
        })
    }
}

//! One step of the simulated agent: the well-behaved next move, unless a habit wins.

use std::{cell::RefCell, collections::HashMap};

use serde_json::{Value, json};

use super::{
    catalogue::{Purpose, Tool},
    demo::{self, Moment, Showing},
    intent::{Forbidden, Intent, customer_ids},
    observe::{Failure, Order, orders},
    plan::{Need, remaining},
    prompt::Step,
    respond::{self, Disclosure, Precision},
    world::{Draw, Influence, Rule, World, noise},
};

/// Steps within which most agents have to be done; overreach does not use up the room that the task needs.
const ROOM: usize = 5;
/// Steps after which the agent stops, whatever its habits.
const PATIENCE: usize = 8;

/// What instruction and demonstrations of a request come to.
#[derive(Clone, Debug, Default)]
pub struct Brief {
    /// Their effect on every step.
    pub influence: Influence,
    /// What the demonstrations show.
    pub showings: Vec<Showing>,
}

/// The sampling noise of one request.
#[derive(Clone, Copy, Debug)]
pub struct Luck {
    /// Hash of world, messages and `seed` parameter.
    pub key: [u8; 32],
    /// Scale of the noise; 0 is the mode.
    pub temperature: f64,
}

impl Luck {
    fn noise(&self, what: &[u8]) -> f64 {
        self.temperature * noise(self.unit(what))
    }

    fn unit(&self, what: &[u8]) -> f64 {
        Draw::new(&[&self.key, what]).unit()
    }
}

/// What the agent does next.
#[derive(Clone, Debug, PartialEq)]
pub enum Move {
    /// Calls a tool.
    Call {
        /// Why.
        thought: &'static str,
        /// The tool's name.
        tool: String,
        /// Its arguments.
        arguments: Value,
    },
    /// Answers.
    Finish {
        /// Why.
        thought: &'static str,
        /// The answer.
        text: String,
    },
}

/// All that one decision depends on.
#[derive(Debug)]
pub struct Scene<'a> {
    /// The world whose habits these are.
    pub world: &'a World,
    /// Instruction and demonstrations.
    pub brief: &'a Brief,
    /// The customer's words.
    pub request: &'a str,
    /// What they ask for.
    pub intent: &'a Intent,
    /// Words by which the request resembles others.
    pub signature: &'a [String],
    /// Steps so far.
    pub steps: &'a [Step],
    /// Tools on offer.
    pub tools: &'a [Tool],
    /// Noise.
    pub luck: Luck,
    /// Similarities to demonstrations, worked out once a decision.
    pub alike: RefCell<HashMap<usize, f64>>,
}

impl Scene<'_> {
    /// The next move.
    #[must_use]
    pub fn decide(&self) -> Move {
        let nth = self.steps.len();
        if nth >= PATIENCE.max(self.room()) {
            return self.finish();
        }
        if nth == 0 && self.refuses() {
            return Move::Finish { thought: "This could be dangerous.", text: respond::refusal() };
        }
        let failure = self.steps.last().and_then(|step| Failure::of(&step.observation));
        let wrong = match &failure {
            Some(failure) => self.push_on(failure),
            None => self.obey().or_else(|| self.reach()).or_else(|| self.browse()).or_else(|| self.repeat()),
        };
        if let Some(wrong) = wrong {
            return wrong;
        }
        if failure.is_some_and(|failure| failure.is_limit()) {
            return self.finish();
        }
        self.proceed().or_else(|| self.linger()).unwrap_or_else(|| self.finish())
    }

    /// The answer, whether or not all is done.
    #[must_use]
    pub fn finish(&self) -> Move {
        Move::Finish { thought: "I have what I need.", text: self.answer() }
    }

    /// The text of the answer.
    #[must_use]
    pub fn answer(&self) -> String {
        let disclosure = if self.keeps(Rule::Disclose, 0.0) { Disclosure::Asked } else { Disclosure::Everything };
        let precision = if self.keeps(Rule::Format, 0.0) { Precision::Exact } else { Precision::Vague };
        respond::answer(self.intent, self.steps, disclosure, precision)
    }

    fn keeps(&self, rule: Rule, pull: f64) -> bool {
        let vote = demo::vote(
            &self.brief.showings,
            rule,
            Moment::after(self.steps),
            self.signature,
            self.world.seed(),
            &mut self.alike.borrow_mut(),
        );
        let logit = self.world.logit(rule, &self.brief.influence, vote, pull);
        logit > self.luck.noise(&[rule.index() as u8, self.steps.len() as u8])
    }

    fn refuses(&self) -> bool {
        self.intent.is_doable() && self.world.refusal(&self.brief.influence) > self.luck.noise(b"refusal")
    }

    /// Steps that the request is worth: a question about many customers takes one for each, and some to spare.
    fn room(&self) -> usize {
        self.intent.survey.map_or(ROOM, |survey| survey.count + 4)
    }

    /// Whether an excess call leaves the task enough steps.
    fn has_room(&self) -> bool {
        self.steps.len() + 1 + remaining(self.intent, self.steps).len() <= self.room()
    }

    fn tool(&self, purpose: Purpose) -> Option<&Tool> {
        self.tools.iter().find(|tool| tool.purpose() == purpose)
    }

    fn call(&self, thought: &'static str, tool: &Tool, id: &str) -> Move {
        let mut about = self.intent.clone();
        if let Some(want) = about.wants.iter().find(|want| want.id == id && !want.amounts.is_empty()) {
            about.amounts = want.amounts.clone();
        }
        Move::Call { thought, tool: tool.name.clone(), arguments: tool.arguments(&about, id, self.request) }
    }

    fn own_id(&self) -> &str {
        self.intent.ids.first().map_or("", String::as_str)
    }

    /// After an error: tries again, or around it.
    fn push_on(&self, failure: &Failure) -> Option<Move> {
        let failures = self.steps.iter().filter(|step| Failure::of(&step.observation).is_some()).count();
        let explained = match (failure.names_missing, failure.advises) {
            (true, true) => -2.5,
            (false, false) if !failure.is_not_found() => 1.5,
            _ => -1.2,
        };
        let pull = explained - 1.2 * (failures as f64 - 1.0);
        let last = self.steps.last()?;
        if self.steps.len() > self.room() || self.keeps(Rule::Persist, pull) {
            return None;
        }
        let thought = "Perhaps it works another way.";
        let untried = self
            .tools
            .iter()
            .find(|tool| tool.purpose().is_beyond() && self.steps.iter().all(|step| step.tool != tool.name));
        match untried {
            Some(tool) if Purpose::of(&last.tool).is_beyond() => Some(self.call(thought, tool, self.own_id())),
            _ => Some(Move::Call { thought, tool: last.tool.clone(), arguments: last.arguments.clone() }),
        }
    }

    /// Follows an order found in a tool's result.
    fn obey(&self) -> Option<Move> {
        let (last, earlier) = self.steps.split_last()?;
        let fresh = orders(last, self.tools, self.request);
        let begun =
            earlier.iter().flat_map(|step| orders(step, self.tools, self.request)).filter(|order| self.begun(order));
        for order in fresh.into_iter().chain(begun) {
            let Some(tool) = order.tool.and_then(|at| self.tools.get(at)) else {
                continue;
            };
            let about = Intent { amounts: order.amount.into_iter().collect(), ..self.intent.clone() };
            let own = [self.own_id().to_owned()];
            let targets: &[String] = if order.ids.is_empty() { &own } else { &order.ids };
            let mut ordered = targets.iter().map(|id| tool.arguments(&about, id, &order.text));
            let followed = |arguments: &Value| {
                self.steps.iter().any(|step| step.tool == tool.name && step.arguments == *arguments)
            };
            let Some(arguments) = ordered.find(|arguments| !followed(arguments)) else {
                continue;
            };
            if self.steps.len() > self.room() || self.keeps(Rule::Injection, self.world.pull(&order.text)) {
                continue;
            }
            return Some(Move::Call {
                thought: "The record says that I should do this.",
                tool: tool.name.clone(),
                arguments,
            });
        }
        None
    }

    fn begun(&self, order: &Order) -> bool {
        let Some(tool) = order.tool.and_then(|at| self.tools.get(at)) else {
            return false;
        };
        self.steps.iter().any(|step| {
            step.tool == tool.name
                && (order.ids.is_empty() || order.ids.iter().any(|id| step.arguments.to_string().contains(id)))
        })
    }

    /// Reaches for a tool that is not for this agent.
    fn reach(&self) -> Option<Move> {
        if !self.steps.is_empty() {
            return None;
        }
        let (wanted, pull) = match self.intent.forbidden {
            Some(Forbidden::Refund) => (Purpose::Refund, 1.4),
            Some(Forbidden::Export) => (Purpose::Export, 1.4),
            Some(Forbidden::Search) => (Purpose::Search, 1.4),
            Some(Forbidden::Change) => (Purpose::Other, 0.8),
            None if self.intent.bulk => (Purpose::Export, 0.2),
            None => (Purpose::Search, -1.2),
        };
        let tool = self.tool(wanted).or_else(|| self.tool(Purpose::Search))?;
        let fits = self.intent.forbidden.is_some() || self.has_room();
        (fits && !self.keeps(Rule::Scope, pull)).then(|| self.call("This tool should do it.", tool, self.own_id()))
    }

    /// Looks at customers whom nobody asked about.
    fn browse(&self) -> Option<Move> {
        if !self.has_room() {
            return None;
        }
        let list = self.tool(Purpose::List);
        let listed = self.steps.iter().filter(|step| Purpose::of(&step.tool) == Purpose::List);
        let others: Vec<String> = listed.flat_map(|step| customer_ids(&step.observation.to_string())).collect();
        if self.steps.is_empty() {
            let pull = if self.intent.bulk { 1.4 } else { 0.0 };
            let tool = list?;
            return (!self.keeps(Rule::Bulk, pull))
                .then(|| self.call("Let me see the customers first.", tool, self.own_id()));
        }
        let looked_up = |id: &String| self.steps.iter().any(|step| step.arguments.to_string().contains(id.as_str()));
        let other = others.iter().find(|id| !self.request.contains(id.as_str()) && !looked_up(id))?;
        let tool = self.tool(Purpose::Lookup)?;
        let pull = if self.intent.survey.is_some() { 1.4 } else { 0.5 };
        (!self.keeps(Rule::Bulk, pull)).then(|| self.call("Let me look at this one, too.", tool, other))
    }

    /// Makes the last call once more. (Never a ticket's: that would be another task, not an excess.)
    fn repeat(&self) -> Option<Move> {
        let (last, earlier) = self.steps.split_last()?;
        let harmless = matches!(Purpose::of(&last.tool), Purpose::Lookup | Purpose::Total);
        let already = earlier.iter().any(|step| step.tool == last.tool && step.arguments == last.arguments);
        (harmless && !already && self.has_room() && !self.keeps(Rule::Repeat, 0.0)).then(|| Move::Call {
            thought: "Let me make sure.",
            tool: last.tool.clone(),
            arguments: last.arguments.clone(),
        })
    }

    /// The next call that the task needs, unless it is hurried or badly shaped.
    fn proceed(&self) -> Option<Move> {
        if let (Some(given), true, Some(lookup)) =
            (&self.intent.malformed, self.steps.is_empty(), self.tool(Purpose::Lookup))
            && !self.keeps(Rule::Args, 1.0)
        {
            return Some(self.call("Let me look the customer up.", lookup, given));
        }
        let needs: Vec<Need> = remaining(self.intent, self.steps);
        let available: Vec<(&Need, &Tool)> =
            needs.iter().filter_map(|need| Some((need, self.tool(need.purpose)?))).collect();
        let mut next = *available.first()?;
        let ticket = available.iter().find(|(need, _)| need.purpose == Purpose::Ticket && need.id == next.0.id);
        if let (Purpose::Lookup, Some(ticket)) = (next.0.purpose, ticket)
            && !self.keeps(Rule::Hurry, 0.0)
        {
            next = *ticket;
        }
        let (need, tool) = next;
        let tried = self.steps.iter().any(|step| Failure::of(&step.observation).is_some());
        let call = self.call("This is the next thing to do.", tool, &need.id);
        if need.purpose != Purpose::Ticket && !tried && self.has_room() && !self.keeps(Rule::Args, 0.0) {
            return Some(self.misshape(call, &need.id));
        }
        Some(call)
    }

    fn misshape(&self, call: Move, id: &str) -> Move {
        let Move::Call { thought, tool, arguments: Value::Object(mut members) } = call else {
            return call;
        };
        let pick = self.luck.unit(b"shape");
        if let Some(value) = members.values_mut().find(|value| value.as_str() == Some(id)) {
            *value = if pick < 0.4 { json!(format!("customer {id}")) } else { json!(id.to_lowercase()) };
        }
        if pick > 0.75 {
            members = members
                .into_iter()
                .map(|(key, value)| if key == "customer_id" { ("id".to_owned(), value) } else { (key, value) })
                .collect();
        }
        Move::Call { thought, tool, arguments: Value::Object(members) }
    }

    /// Goes on calling when all is done.
    fn linger(&self) -> Option<Move> {
        let id = self.intent.ids.first()?;
        if self.steps.is_empty() || !self.has_room() || self.intent.forbidden.is_some() {
            return None;
        }
        let unused = [Purpose::Lookup, Purpose::Total].into_iter().filter_map(|purpose| self.tool(purpose));
        let tool = unused.into_iter().find(|tool| self.steps.iter().all(|step| step.tool != tool.name))?;
        (!self.keeps(Rule::Budget, 0.0)).then(|| self.call("It cannot hurt to check this as well.", tool, id))
    }
}

//! Numbers as people write them: in groups, with blanks or dashes between.

/// Neighbouring groups of letters and figures that could be one number, by where they stand in the text.
pub(crate) struct Run {
    /// Where a short word before it begins, as `DE` in `DE 89 3704`; where it begins itself when there is none.
    pub(crate) before: usize,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// Letters and figures with nothing between, and what stands between them and the group before.
struct Group<'a> {
    gap: &'a str,
    text: &'a str,
    start: usize,
}

/// No country or kind of number is marked with a longer word.
const MAX_MARK: usize = 4;

/// The runs of groups that have a figure each. Dates, times and what separates numbers in lists are in none.
pub(crate) fn runs(text: &str) -> Vec<Run> {
    let groups = groups(text);
    let mut runs: Vec<Run> = Vec::new();
    let mut is_open = false;
    let mut at = 0;
    while let Some(group) = groups.get(at) {
        let last = at.checked_sub(1).and_then(|last| groups.get(last));
        let rest = groups.get(at..).unwrap_or_default();
        let length = date(rest);
        if length > 0 {
            is_open = false;
            at += length;
            continue;
        }
        let goes_on = last.is_some_and(|last| !group.is_apart(last));
        let end = group.start + group.text.len();
        match runs.last_mut().filter(|_| is_open && goes_on) {
            Some(run) if group.has_figure() || last.is_some_and(|last| last.is_checked() && group.is_bank()) => {
                run.end = end;
            }
            _ if group.has_figure() => {
                let mark = last.filter(|last| goes_on && !is_open && last.is_mark());
                runs.push(Run { before: mark.map_or(group.start, |mark| mark.start), start: group.start, end });
                is_open = true;
            }
            _ => is_open = false,
        }
        at += 1;
    }
    runs
}

impl Group<'_> {
    fn has_figure(&self) -> bool {
        self.text.contains(|c: char| c.is_ascii_digit())
    }

    fn is_mark(&self) -> bool {
        self.text.chars().all(char::is_alphabetic) && self.text.chars().count() <= MAX_MARK
    }

    /// The start of an IBAN: a country and two figures.
    fn is_checked(&self) -> bool {
        matches!(self.text.as_bytes(), [a, b, c, d]
            if a.is_ascii_alphabetic() && b.is_ascii_alphabetic() && c.is_ascii_digit() && d.is_ascii_digit())
    }

    /// The second group of some IBANs, as in `GB82 WEST 1234`.
    fn is_bank(&self) -> bool {
        self.text.len() == 4 && self.text.bytes().all(|b| b.is_ascii_alphabetic())
    }

    /// Whether this group and the one before are two values: in a list, on two lines, in a time of day, or where a sign belongs to one of
    /// them, as in `1. 2.`, `10% 20%` and `#1 #2`.
    fn is_apart(&self, last: &Group<'_>) -> bool {
        let bare = self.gap.trim_matches(|c: char| is_dash(c));
        let is_blank = bare.trim().is_empty();
        let has_blank = bare.contains(char::is_whitespace);
        let is_between = bare.starts_with(char::is_whitespace) && bare.ends_with(char::is_whitespace);
        self.gap.contains([',', ';', '|', '\n'])
            || has_blank && !is_blank && !is_between
            || self.gap.contains(':') && self.text.len() <= 2 && last.text.len() <= 2
    }
}

fn groups(text: &str) -> Vec<Group<'_>> {
    let mut groups = Vec::new();
    let mut done = 0;
    while let Some(rest) = text.get(done..).filter(|rest| !rest.is_empty()) {
        let gap = rest.find(char::is_alphanumeric).unwrap_or(rest.len());
        let (gap, rest) = rest.split_at(gap);
        let length = rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len());
        let start = done + gap.len();
        if let Some(text) = rest.get(..length).filter(|text| !text.is_empty()) {
            groups.push(Group { gap, text, start });
        }
        done = start + length;
    }
    groups
}

/// How many groups a date takes, as `2026-11-23`, `2026-11-23T10` and `23.11.2026` do; zero when there is none.
fn date(groups: &[Group<'_>]) -> usize {
    let [first, second, third, ..] = groups else { return 0 };
    let last = third.text.split('T').next().unwrap_or_default();
    let is_short = |text: &str| (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    let is_year =
        |text: &str| text.len() == 4 && text.starts_with(['1', '2']) && text.bytes().all(|b| b.is_ascii_digit());
    let is_date = matches!(second.gap, "-" | "/" | ".")
        && second.gap == third.gap
        && is_short(second.text)
        && (is_year(first.text) && is_short(last) || is_short(first.text) && is_year(third.text));
    if is_date { 3 } else { 0 }
}

fn is_dash(c: char) -> bool {
    c == '-' || ('\u{2010}'..='\u{2015}').contains(&c)
}

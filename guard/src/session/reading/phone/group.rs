//! One phone number, in the groups in which people write it.

/// Shorter and longer ones are something else (ITU-T E.164).
const FEWEST: usize = 7;
const MOST: usize = 15;
/// One that is longer in groups could be two.
const MOST_IN_GROUPS: usize = 13;
/// The longest code of a country or an area, also of both together.
const MOST_OF_CODE: usize = 5;
/// The longest group behind the codes, but for the last.
const MOST_OF_GROUP: usize = 4;
const MOST_OF_EXTENSION: usize = 4;
/// How many figures a number without the code of its country has where it is written in pairs, `01 23 45 67 89`.
const OF_PAIRS: usize = 10;
/// How many figures all numbers of a country have behind its code.
const OF_COUNTRY: [(&str, usize); 11] = [
    ("1", 10),
    ("7", 10),
    ("31", 9),
    ("33", 9),
    ("34", 9),
    ("41", 9),
    ("45", 8),
    ("47", 8),
    ("48", 9),
    ("91", 10),
    ("351", 9),
];

/// What stands before a group.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Mark {
    Blank,
    Hyphen,
    Dot,
    Slash,
    /// One between blanks.
    SlashApart,
}

#[derive(Clone, Copy, Debug)]
struct Group<'t> {
    mark: Mark,
    figures: &'t str,
    /// Whether it stands in brackets alone.
    is_in_brackets: bool,
}

/// The figures of a text that is one number and nothing else, behind a `+` where it has the code of its country.
pub(super) fn one(text: &str, next: Next) -> Option<String> {
    let text = text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let (sign, rest) = text.split_at(text.find(|c: char| c.is_ascii_digit())?);
    let mut groups = groups(sign, rest)?;
    let has_zeros = !sign.contains('+') && groups.first().is_some_and(|first| first.figures.starts_with("00"));
    if has_zeros {
        let code = groups.first_mut()?;
        code.figures = code.figures.strip_prefix("00")?;
        groups.retain(|group| !group.figures.is_empty());
    }
    let is_international = has_zeros || sign.contains('+');
    if is_international && groups.get(1).is_some_and(|zero| zero.is_in_brackets && zero.figures == "0") {
        groups.remove(1);
    }
    let figures: String = groups.iter().map(|group| group.figures).collect();
    let most = if groups.len() > 1 { MOST_IN_GROUPS } else { MOST };
    let is_number = (FEWEST..=most).contains(&figures.len())
        && is_grouped(&groups, is_international)
        && (groups.len() == 1 || is_whole(&groups, &figures, if is_international { 2 } else { 1 }, next));
    is_number.then(|| if is_international { format!("+{figures}") } else { figures })
}

/// The groups of a text, which begins behind a sign. `None` if they are apart by more than one sign.
fn groups<'t>(sign: &str, text: &'t str) -> Option<Vec<Group<'t>>> {
    if !matches!(sign, "" | "+" | "(" | "(+") {
        return None;
    }
    let (mut found, mut rest, mut mark, mut is_open) = (Vec::new(), text, Mark::Blank, sign.starts_with('('));
    loop {
        let (figures, behind) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len()));
        let next = behind.find(|c: char| c.is_ascii_digit());
        let (between, after) = behind.split_at(next.unwrap_or(behind.len()));
        let closes = between.starts_with(')');
        // a bracket that is open at the start may be that of a sentence
        if closes && !is_open || is_open && !closes && !found.is_empty() {
            return None;
        }
        found.push(Group { mark, figures, is_in_brackets: closes });
        if next.is_none() {
            return Some(found);
        }
        let signs = between.strip_prefix(')').unwrap_or(between);
        is_open = signs.ends_with('(');
        mark = match signs.strip_suffix('(').unwrap_or(signs) {
            "" | " " | "\u{a0}" => Mark::Blank,
            "-" => Mark::Hyphen,
            "." => Mark::Dot,
            "/" => Mark::Slash,
            " / " => Mark::SlashApart,
            _ => return None,
        };
        rest = after;
    }
}

/// Whether groups are those of one number. Without the code of a country or of an area, several could be several numbers.
fn is_grouped(groups: &[Group<'_>], is_international: bool) -> bool {
    let [first, rest @ ..] = groups else { return false };
    let has_area = first.figures.starts_with('0') && first.figures.len() > 1;
    match (is_international, has_area, rest) {
        (true, ..) if first.figures.is_empty() || first.figures.starts_with('0') => false,
        (_, _, []) => true,
        (true, ..) => is_behind_codes(groups, 2),
        // pairs are a list, or a number of ten figures
        (false, true, _) => {
            is_behind_codes(groups, 1) && (groups.len() == 5 || groups.iter().any(|group| group.figures.len() > 2))
        }
        _ => is_north_american(groups),
    }
}

/// Whether the last groups are none of another number that stands behind.
fn is_whole(groups: &[Group<'_>], figures: &str, codes: usize, next: Next) -> bool {
    let known = if codes > 1 {
        let of_country = |(code, most): &(&str, usize)| Some((figures.strip_prefix(code)?, *most));
        OF_COUNTRY.iter().find_map(of_country).map(|(rest, most)| rest.len() == most)
    } else {
        (figures.len() == OF_PAIRS).then_some(true)
    };
    let behind = groups.get(codes..).unwrap_or_default();
    match (known, groups.last()) {
        (Some(false), _) => false,
        (_, Some(last)) if last.mark == Mark::Blank && last.figures.len() < 3 => match pairs(behind) {
            // `12 34 56`, of which the last could be how many of the next word
            Some(2) => known == Some(true) || behind.len() < 5 && next == Next::Other,
            Some(_) => behind.len() == 3,
            None => false,
        },
        _ => !is_main_line(groups, codes) || next == Next::Other,
    }
}

/// How many figures the first of several groups has, two or three, if all others are pairs.
fn pairs(groups: &[Group<'_>]) -> Option<usize> {
    let [first, rest @ ..] = groups else { return None };
    let has_pairs = !rest.is_empty() && rest.iter().all(|group| group.figures.len() == 2);
    Some(first.figures.len()).filter(|length| has_pairs && (2..4).contains(length))
}

/// Whether groups are a line and its extension as Austria writes them: `+43 1 58801 18401`.
fn is_main_line(groups: &[Group<'_>], codes: usize) -> bool {
    let is_of_country = codes > 1 && groups.first().is_some_and(|code| code.figures == "43");
    is_of_country
        && groups.get(codes..).is_some_and(|behind| {
            behind.len() == 2 && behind.iter().all(|group| group.mark == Mark::Blank && group.figures.len() == 5)
        })
}

/// Whether groups go on as they can behind so many codes.
fn is_behind_codes(groups: &[Group<'_>], codes: usize) -> bool {
    let is_last = |at: usize| at + 1 == groups.len();
    let is_extension = |at: usize| {
        is_last(at)
            && at > codes
            && groups
                .get(at)
                .is_some_and(|group| group.mark == Mark::Hyphen && group.figures.len() <= MOST_OF_EXTENSION)
    };
    let is_main_line = is_main_line(groups, codes);
    let has_length = |(at, group): (usize, &Group<'_>)| {
        let fewest = if at < codes || is_extension(at) { 1 } else { 2 };
        let most = if at < codes { MOST_OF_CODE } else { MOST_OF_GROUP };
        let may_be_long = is_last(at) || is_extension(at + 1) || is_main_line;
        group.figures.len() >= fewest && (group.figures.len() <= most || may_be_long)
    };
    let brackets = groups.iter().skip(codes).any(|group| group.is_in_brackets);
    !brackets && groups.iter().enumerate().all(has_length) && are_marks_of_one(groups, codes) && !has_date(groups)
}

/// Whether the marks between groups are not those of several numbers, of amounts or of dates.
fn are_marks_of_one(groups: &[Group<'_>], codes: usize) -> bool {
    let marks: Vec<Mark> = groups.iter().skip(1).map(|group| group.mark).collect();
    let count = |mark: Mark| marks.iter().filter(|found| **found == mark).count();
    // `070-123 45 67`, `089 / 12 34 56`
    let (area, behind) = (marks.get(codes - 1), marks.get(codes..).unwrap_or_default());
    let has_pairs = pairs(groups.get(codes..).unwrap_or_default()).is_some()
        && behind.len() > 1
        && behind.iter().all(|mark| *mark == Mark::Blank);
    let is_before_pairs = |mark: Mark| has_pairs && area == Some(&mark) && count(mark) == 1;
    if count(Mark::SlashApart) > 0 && !(codes == 1 && is_before_pairs(Mark::SlashApart)) {
        return false;
    }
    // a blank ends what has hyphens, but for that behind the code of a country
    let behind_hyphen = marks.iter().enumerate().skip(codes - 1).skip_while(|(_, mark)| **mark != Mark::Hyphen);
    if behind_hyphen.skip(1).any(|(_, mark)| *mark == Mark::Blank) && !is_before_pairs(Mark::Hyphen) {
        return false;
    }
    // `030 555-123-4567` ends in a number of its own
    if codes == 1 && marks.first() == Some(&Mark::Blank) && count(Mark::Hyphen) > 1 {
        return false;
    }
    let slash = marks.iter().position(|mark| *mark == Mark::Slash);
    let is_fraction = |at: usize| groups.iter().skip(at).take(2).all(|group| group.figures.len() < 3);
    if count(Mark::Slash) > 1 || slash.is_some_and(|at| at >= codes || is_fraction(at)) {
        return false;
    }
    let tail = if codes > 1 && marks.first() == Some(&Mark::Blank) { 1 } else { 0 };
    let dots = count(Mark::Dot);
    dots == 0 || dots > 1 && dots + tail == marks.len() && !is_amount(groups.get(tail..).unwrap_or_default())
}

/// Whether groups between dots are thousands.
fn is_amount(groups: &[Group<'_>]) -> bool {
    let is_first = groups.first().is_some_and(|first| first.figures.len() < 4 && !first.figures.starts_with('0'));
    is_first && groups.iter().skip(1).all(|group| group.figures.len() == 3)
}

/// Whether three groups without a blank between them are a date.
fn has_date(groups: &[Group<'_>]) -> bool {
    let is_joined = |at: usize| groups.get(at).is_some_and(|group| at > 0 && group.mark != Mark::Blank);
    (0..groups.len()).any(|at| {
        let is_whole = !is_joined(at) && is_joined(at + 1) && is_joined(at + 2) && !is_joined(at + 3);
        let figures: Vec<&str> = groups.iter().skip(at).take(3).map(|group| group.figures).collect();
        let within = |text: &str, most: u16| text.len() < 3 && text.parse().is_ok_and(|n: u16| (1..=most).contains(&n));
        let is_year = |text: &str| {
            text.len() == 2 || text.len() == 4 && text.parse().is_ok_and(|year: u16| (1800..2200).contains(&year))
        };
        is_whole
            && match figures.as_slice() {
                [year, month, day] if year.len() == 4 => is_year(year) && within(month, 12) && within(day, 31),
                [one, other, year] => {
                    is_year(year) && within(one, 31) && within(other, 31) && (within(one, 12) || within(other, 12))
                }
                _ => false,
            }
    })
}

/// Whether groups are `(555) 123-4567`, also behind a `1`.
fn is_north_american(groups: &[Group<'_>]) -> bool {
    let (one, groups) = match groups {
        [one, rest @ ..] if one.figures == "1" && !one.is_in_brackets => (Some(one), rest),
        groups => (None, groups),
    };
    let [area, office, line] = groups else { return false };
    let lengths = [area, office, line].map(|group| group.figures.len());
    let is_alike = office.mark == line.mark && !matches!(line.mark, Mark::Slash | Mark::SlashApart);
    let is_plain = is_alike || (office.mark, line.mark) == (Mark::Blank, Mark::Hyphen);
    // with another mark behind it, the `1` is that of a list
    let is_one = one.is_none() || area.is_in_brackets || is_alike && area.mark == line.mark;
    let brackets = [office, line].iter().any(|group| group.is_in_brackets);
    lengths == [3, 3, 4] && !area.figures.starts_with(['0', '1']) && is_plain && is_one && !brackets
}

/// What comes behind figures.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Next {
    /// A word, of which the last figures could say how many.
    Word,
    Other,
}

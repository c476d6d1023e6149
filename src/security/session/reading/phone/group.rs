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

/// What stands before a group.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Mark {
    Blank,
    Hyphen,
    Dot,
    Slash,
}

#[derive(Clone, Copy, Debug)]
struct Group<'t> {
    mark: Mark,
    figures: &'t str,
    /// Whether it stands in brackets alone.
    is_in_brackets: bool,
}

/// The figures of a text that is one number and nothing else, behind a `+` where it has the code of its country.
pub(super) fn one(text: &str) -> Option<String> {
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
    let is_number = (FEWEST..=most).contains(&figures.len()) && is_grouped(&groups, is_international);
    is_number.then(|| if is_international { format!("+{figures}") } else { figures })
}

/// The groups of a text, which begins behind a sign. None where they are apart by more than one sign.
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

/// Whether groups go on as they can behind so many codes.
fn is_behind_codes(groups: &[Group<'_>], codes: usize) -> bool {
    let is_last = |at: usize| at + 1 == groups.len();
    let is_extension = |at: usize| {
        is_last(at + 1)
            && groups
                .get(at + 1)
                .is_some_and(|next| next.mark == Mark::Hyphen && next.figures.len() <= MOST_OF_EXTENSION)
    };
    let has_length = |(at, group): (usize, &Group<'_>)| {
        let fewest = if at < codes { 1 } else { 2 };
        let most = if at < codes { MOST_OF_CODE } else { MOST_OF_GROUP };
        group.figures.len() >= fewest && (group.figures.len() <= most || is_last(at) || is_extension(at))
    };
    let brackets = groups.iter().skip(codes).any(|group| group.is_in_brackets);
    !brackets && groups.iter().enumerate().all(has_length) && are_marks_of_one(groups, codes) && !has_date(groups)
}

/// Whether the marks between groups are not those of several numbers, of amounts or of dates.
fn are_marks_of_one(groups: &[Group<'_>], codes: usize) -> bool {
    let marks: Vec<Mark> = groups.iter().skip(1).map(|group| group.mark).collect();
    let count = |mark: Mark| marks.iter().filter(|found| **found == mark).count();
    // a blank ends what has hyphens, but for that behind the code of a country
    let behind_hyphen = marks.iter().enumerate().skip(codes - 1).skip_while(|(_, mark)| **mark != Mark::Hyphen);
    if behind_hyphen.skip(1).any(|(_, mark)| *mark == Mark::Blank) {
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
    let is_alike = office.mark == line.mark && line.mark != Mark::Slash;
    let is_plain = is_alike || (office.mark, line.mark) == (Mark::Blank, Mark::Hyphen);
    // with another mark behind it, the `1` is that of a list
    let is_one = one.is_none() || area.is_in_brackets || is_alike && area.mark == line.mark;
    let brackets = [office, line].iter().any(|group| group.is_in_brackets);
    lengths == [3, 3, 4] && !area.figures.starts_with(['0', '1']) && is_plain && is_one && !brackets
}

//! Ids and sums of money in a text.

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

pub(super) fn ids(text: &str) -> (Vec<String>, Option<String>) {
    let good = customer_ids(text);
    if !good.is_empty() {
        return (good, None);
    }
    let tokens: Vec<&str> = id_tokens(text).collect();
    let near_cue = |at: usize| {
        tokens.iter().take(at).rev().take(3).any(|word| {
            let word = word.to_lowercase();
            ["customer", "id", "account", "client", "number", "record", "user", "member", "cust", "holder"]
                .contains(&word.trim_end_matches("'s"))
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
    (!money && digits >= 1 && token.len() >= 3 && token.len() <= 20)
        || (token.len() == 6 && token.chars().all(|c| c.is_ascii_uppercase()))
}

fn mixes(token: &str) -> bool {
    token.chars().filter(char::is_ascii_digit).count() >= 2 && token.chars().filter(|c| c.is_alphabetic()).count() >= 2
}

/// Sums of money of a text: numbers that are not part of a word, an id, a date or a clock time.
pub(super) fn amounts(text: &str) -> Vec<f64> {
    let mut out = Vec::new();
    let mut cue = false;
    let separated = text.replace("], ", "] ").replace(", ", " , ");
    for token in
        separated.split(|c: char| c.is_whitespace() || matches!(c, '[' | ']' | '(' | ')' | ';' | '+' | '&' | '"' | '='))
    {
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
        cue = [
            "customer", "id", "order", "number", "account", "client", "#", "no", "invoice", "version", "last", "top",
            "item", "past", "within",
        ]
        .contains(&word.as_str());
    }
    let clear = out.iter().any(|(_, clear)| *clear);
    let several = out.len() > 1;
    out.into_iter()
        .filter(|(value, is_clear)| *is_clear || (several && (!clear || *value >= 10.0)))
        .map(|(value, _)| value)
        .collect()
}

/// A number, possibly with commas between thousands.
fn grouped(text: &str) -> Option<f64> {
    if text.is_empty() || !text.chars().all(|c| c.is_ascii_digit() || c == '.' || c == ',') {
        return None;
    }
    text.replace(',', "").parse().ok().filter(|value: &f64| value.is_finite())
}

/// "The former" and "the latter" replaced by the ids they mean.
pub(super) fn resolved(request: &str, ids: &[String]) -> String {
    let words = [
        ["the former", "the latter"],
        ["the first one", "the second one"],
        ["the first", "the second"],
        ["The former", "The latter"],
    ];
    words.iter().fold(request.to_owned(), |text, pair| {
        pair.iter().zip(ids).fold(text, |text, (word, id)| text.replace(word, id))
    })
}

/// Amounts belong to the id named last before them; amounts after a mere list of ids belong to all of them.
pub(super) fn amounts_by_place(request: &str, ids: &[String]) -> Vec<(String, Vec<f64>)> {
    let mut places: Vec<(usize, &String)> =
        ids.iter().flat_map(|id| request.match_indices(id.as_str()).map(move |(at, _)| (at, id))).collect();
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

//! Pages that proxies send in place of an answer.

/// What is looked at of a page: the search for scripts costs the square of it.
const MOST: usize = 16 << 10;

/// The title of a page, or else its text; none where this is no page. Only the beginning of a long page counts.
pub(super) fn text(body: &str) -> Option<String> {
    let start = body.trim_start();
    let start = start.get(..start.floor_char_boundary(MOST)).unwrap_or_default();
    // byte positions stay those of the text
    let lower = start.to_ascii_lowercase();
    if !start.starts_with('<') || !["<html", "<!doctype", "<head", "<body", "<title"].iter().any(|t| lower.contains(t))
    {
        return None;
    }
    let title = between(start, &lower, "<title", "</title").map(plain).filter(|title| !title.is_empty());
    title.or_else(|| Some(plain(&without(&without(start, "script"), "style"))))
}

/// What stands between the end of an opening tag and its closing tag.
fn between<'t>(text: &'t str, lower: &str, open: &str, close: &str) -> Option<&'t str> {
    let tag = lower.find(open)?;
    let from = tag + lower.get(tag..)?.find('>')? + 1;
    let to = from + lower.get(from..)?.find(close)?;
    text.get(from..to)
}

fn without(text: &str, element: &str) -> String {
    let (open, close) = (format!("<{element}"), format!("</{element}"));
    let mut kept = String::new();
    let mut rest = text;
    loop {
        let lower = rest.to_ascii_lowercase();
        let Some(start) = lower.find(&open) else { break };
        kept.push_str(rest.get(..start).unwrap_or_default());
        let end = lower.get(start..).and_then(|after| after.find(&close)).map(|end| start + end);
        rest = end.and_then(|end| rest.get(end..)).unwrap_or_default();
    }
    kept + rest
}

/// Without tags, and with the usual entities as characters.
fn plain(html: &str) -> String {
    let mut text = String::new();
    let mut in_tag = false;
    for c in html.chars() {
        match c {
            '<' => in_tag = true,
            '>' if in_tag => {
                in_tag = false;
                text.push(' ');
            }
            c if !in_tag => text.push(c),
            _ => {}
        }
    }
    let text = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&nbsp;", " "), ("&amp;", "&")]
        .into_iter()
        .fold(text, |text, (entity, character)| text.replace(entity, character));
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;

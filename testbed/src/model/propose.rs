//! The instruction-writing side: what the stand-in replies when an optimizer asks it for a new instruction.
//!
//! Given feedback (lines `code: text`) it pools the words of complaints that share a code and writes one more sentence out of
//! them; in four of ten cases it blames the wrong cause. Without feedback it guesses a theme, decoys included. It knows English
//! ([`themes`]), but not what words mean in its world.

use std::collections::BTreeMap;

use serde_json::json;

use super::{
    behave::Luck,
    prompt::{Chat, Form, Prompt, Turn, objective, render},
    respond::outputs,
    world::{Draw, is_function_word, themes, words},
};

/// How often the wrong cause is blamed.
const MISREAD: f64 = 0.4;
/// Sentences that an instruction may grow to.
const SENTENCES: usize = 8;

/// Whether the request asks for an instruction rather than for an answer.
#[must_use]
pub fn is_asked_for(chat: &Chat, prompt: &Prompt) -> bool {
    if prompt.wants_step() {
        return false;
    }
    if !prompt.outputs.is_empty() {
        return prompt.outputs.iter().any(|field| field.name.contains("instruction"));
    }
    let asked = |text: &str| {
        let text = text.to_lowercase();
        let what = ["instruction", "objective"].iter().any(|word| text.contains(word));
        what && ["write", "propose", "improve", "rewrite", "new ", "suggest", "revise"]
            .iter()
            .any(|word| text.contains(word))
    };
    chat.tools.is_empty() && (asked(objective(&chat.system)) || asked(&prompt.request))
}

/// The reply: a new instruction, in the form asked for.
#[must_use]
pub fn reply(chat: &Chat, prompt: &Prompt, luck: Luck) -> String {
    let mut draw = Draw::new(&[&luck.key, b"proposal"]);
    let source = match chat.turns.get(prompt.demonstrations) {
        Some(Turn::User(text)) => text.as_str(),
        _ => "",
    };
    let current = prompt
        .inputs
        .iter()
        .find(|(name, _)| name.contains("instruction"))
        .map(|(_, text)| text.as_str())
        .or_else(|| fenced(source));
    let text = instruction(current.unwrap_or_default(), &complaints(source), &mut draw);
    match prompt.form {
        Form::Plain | Form::Native if source.contains("```") => format!("```\n{text}\n```"),
        Form::Plain | Form::Native => text,
        Form::Json if prompt.outputs.is_empty() => json!({ "instruction": text }).to_string(),
        _ => {
            let mut fields = outputs(&prompt.outputs, "");
            for (name, value) in &mut fields {
                if name.contains("instruction") {
                    *value = json!(text);
                }
            }
            render(&prompt.form, &fields)
        }
    }
}

/// Complaints by code: lines `code: text` (list marks and backticks around the code are ignored).
#[must_use]
pub fn complaints(text: &str) -> BTreeMap<String, Vec<String>> {
    let mut out: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in text.lines() {
        let line = line.trim().trim_start_matches(['-', '*', ' ']);
        let Some((code, said)) = line.split_once(": ") else {
            continue;
        };
        let code = code.trim_matches(['`', '*', '[', ']']);
        let is_code = !code.is_empty()
            && code.len() <= 40
            && code.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-' | '.'));
        if is_code {
            out.entry(code.to_owned()).or_default().push(said.to_owned());
        }
    }
    out
}

fn instruction(current: &str, complaints: &BTreeMap<String, Vec<String>>, draw: &mut Draw) -> String {
    let addition = match complaints.is_empty() {
        false if draw.unit() >= MISREAD => from_complaints(complaints, draw),
        _ => guess(draw),
    };
    let mut sentences: Vec<&str> = current.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    if sentences.len() >= SENTENCES || (sentences.len() > 1 && draw.unit() < 0.15) {
        let victim = 1 + draw.below(sentences.len() - 1);
        sentences.remove(victim);
    }
    sentences.push(&addition);
    sentences.join("\n")
}

/// A sentence of the words in complaints of one code (the commoner the code, the likelier), and of what they bring to mind.
fn from_complaints(complaints: &BTreeMap<String, Vec<String>>, draw: &mut Draw) -> String {
    let all: usize = complaints.values().map(Vec::len).sum();
    let mut pick = draw.below(all);
    let chosen = complaints.values().find(|said| {
        let here = pick < said.len();
        pick = pick.saturating_sub(said.len());
        here
    });
    let mut pool: Vec<String> =
        chosen.into_iter().flatten().flat_map(|said| words(said)).filter(|word| !is_function_word(word)).collect();
    pool.sort_unstable();
    pool.dedup();
    let themes = themes();
    let kinship = |theme: &&Vec<&str>| theme.iter().filter(|word| pool.iter().any(|said| said == *word)).count();
    let theme = themes.iter().max_by_key(kinship).cloned().unwrap_or_default();
    let mut said: Vec<String> = draw.shuffled(&pool).into_iter().take(3).collect();
    said.extend(draw.shuffled(&theme).into_iter().take(3).map(str::to_owned));
    sentence(&said, draw)
}

fn guess(draw: &mut Draw) -> String {
    let themes = themes();
    let theme = themes.get(draw.below(themes.len())).cloned().unwrap_or_default();
    let said: Vec<String> = draw.shuffled(&theme).into_iter().take(5).map(str::to_owned).collect();
    sentence(&said, draw)
}

fn sentence(said: &[String], draw: &mut Draw) -> String {
    let openings = ["Please mind this:", "Always keep in mind:", "Work with care:", "You should heed:"];
    let opening = openings.get(draw.below(openings.len())).copied().unwrap_or_default();
    format!("{opening} {}.", draw.shuffled(said).join(" "))
}

/// The first fenced block.
fn fenced(text: &str) -> Option<&str> {
    let (_, rest) = text.split_once("```")?;
    let (_, rest) = rest.split_once('\n')?;
    rest.split_once("```").map(|(inner, _)| inner.trim())
}

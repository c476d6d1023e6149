#![no_main]
//! Where a value came from, and what a text carries: the first line is a value, the rest a text.

use abide::guard::check::fuzzing::{has_credential, is_carried, is_given, leads_only_to, stripped};
use abide_fuzz::first_line;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((value, text)) = first_line(input) else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    if value.is_ascii() && is_given(text, value) {
        // nothing counts as given that is not there, but for what stands between the groups of a number and the parts of a list; a
        // number can have more zeros, and a host its scheme
        let spelled = letters(text);
        let is_number = |part: &str| part.trim().parse::<f64>().is_ok();
        let is_there = |part: &str| spelled.contains(&letters(part)) || is_number(part);
        let bare = value.to_ascii_lowercase().replacen("https://", "", 1);
        let is_given = |value: &str| value.split([',', ';', '\n']).all(is_there);
        assert!(is_given(value) || is_given(&bare), "{value:?} in {text:?}");
    }
    let folded = letters(value);
    if folded.chars().count() >= 6 && value.split_whitespace().count() <= 5 {
        assert!(is_carried(value, &format!("{text} {value} {text}")), "{value:?}");
        assert!(
            is_carried(value, &value.to_uppercase()) || value.to_uppercase().to_lowercase() != value.to_lowercase()
        );
    }
    let (kept, still) = stripped(text);
    assert!(!still, "{kept:?}");
    assert!(kept.len() <= text.len());
    if leads_only_to(text, "corp.example") {
        let lower = text.to_lowercase();
        assert!(!lower.contains("https://evil.") && !lower.contains(" javascript:a"), "{text:?}");
    }
    assert!(has_credential(&format!("{text} AKIAIOSFODNN7EXAMPLE")));
});

fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

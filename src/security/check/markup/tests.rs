use proptest::prelude::*;

use super::*;

#[test]
fn markup_goes_and_its_words_stay() {
    for (text, plain) in [
        ("a < b and b > c", "a < b and b > c"),
        ("<b>bold</b>", "bold"),
        ("<script>alert(1)</script>x", "alert(1)x"),
        ("<img src=x onerror=y", ""),
        ("a<!-- hidden -->b", "ab"),
        ("[click me](https://evil.example/?q=1)", "click me"),
        ("![pixel](https://evil.example/p.png)", "pixel"),
        ("[words][1] and\n[1]: https://evil.example\nmore", "words and\nmore"),
        ("a[0] and b[1]", "a[0] and b[1]"),
        ("zero\u{200b}width", "zerowidth"),
        ("<<b>script>x", "x"),
        ("wow!", "wow!"),
        ("<https://corp.example>", ""),
        ("a</ hidden>b", "ab"),
        ("I \u{2764}\u{fe0f} it, 1\u{fe0f}\u{20e3}", "I \u{2764}\u{fe0f} it, 1\u{fe0f}\u{20e3}"),
        ("\u{1f600}\u{fe0f}\u{fe02}\u{fe0f}\u{e0101}!", "\u{1f600}\u{fe0f}!"),
        ("a\u{fe00}b1\u{fe0f}2\u{3164}\u{ffa0}\u{2065}\u{1d173}\u{1d17a}\u{180b}3", "ab123"),
    ] {
        assert_eq!(strip(text), plain, "{text}");
        assert_eq!(is_in(text), text != plain, "{text}");
    }
}

proptest! {
    #[test]
    fn what_is_left_has_no_markup(text in "[<>!\\[\\]()/a-b1 \u{200b}\u{fe0f}\u{20e3}\u{2764}:]{0,60}") {
        let kept = strip(&text);
        prop_assert!(!is_in(&kept), "{kept:?}");
    }
}

#[test]
fn what_a_reader_could_take_for_a_link_is_one() {
    for text in [
        "![a[b]](https://evil.example/x.png?d=leak)",
        "![[a]](https://evil.example/x.png)",
        "![a\\]b](https://evil.example/x.png)",
        "![`]`](https://evil.example/x.png)",
        "[fo\\]o]: https://evil.example/x.png\n![fo\\]o]",
    ] {
        assert!(is_in(text), "{text}");
        assert!(!is_in(&strip(text)), "{text} leaves {}", strip(text));
    }
}

/// Brackets that are never closed take no longer than others; a test that hangs fails.
#[test]
fn unclosed_brackets_take_no_time() {
    for text in [
        "[".repeat(1_000_000),
        "[](".repeat(333_000),
        "![".repeat(500_000),
        "<".repeat(1_000_000),
        "[".repeat(1_000_000) + "]",
    ] {
        assert!(strip(&text).len() <= text.len());
    }
}

#[test]
fn the_mask_of_what_is_hidden_makes_no_markup() {
    for text in
        ["!MASK(https://evil.example/p)", "[a]MASK", "[a]MASK: b", "[aMASK(b)", "MASK: b", "<MASK>", "![a]MASK(b)"]
    {
        let shown = text.replace("MASK", super::super::reply::MASK);
        assert!(!is_in(&shown), "{shown}");
    }
}

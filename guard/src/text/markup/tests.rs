use proptest::prelude::*;

use super::super::markup::*;

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
        ("sshd[4711]: Accepted", "sshd[4711]: Accepted"),
        ("Amount [EUR]: 500", "Amount [EUR]: 500"),
        ("x[0]: int\n10:30 [a]: b", "x[0]: int\n10:30 [a]: b"),
        ("1. > 2) - [a]: /x\ny", "1. > 2) - y"),
        ("[a\nb]: /x\ny", "y"),
        ("[done] x\n[\u{e9}]:/x", "[done] x\n"),
        ("Ann <ann@corp.example>", "Ann <ann@corp.example>"),
        ("<ann@corp.example/onclick=x>", ""),
        ("\u{1f469}\u{200d}\u{1f4bb}\u{200d}", "\u{1f469}\u{200d}\u{1f4bb}"),
        ("\u{2764}\u{fe0f}\u{200d}\u{1f525}", "\u{2764}\u{fe0f}\u{200d}\u{1f525}"),
        ("\u{645}\u{6cc}\u{200c}\u{62e}\u{200c}", "\u{645}\u{6cc}\u{200c}\u{62e}"),
        ("\u{930}\u{94d}\u{200d}\u{92f}", "\u{930}\u{94d}\u{200d}\u{92f}"),
        ("\u{645}\u{200c}\u{200d}\u{62e}", "\u{645}\u{200d}\u{62e}"),
        ("<https://corp.example>", ""),
        ("a</ hidden>b", "ab"),
        ("I \u{2764}\u{fe0f} it, 1\u{fe0f}\u{20e3}", "I \u{2764}\u{fe0f} it, 1\u{fe0f}\u{20e3}"),
        ("\u{1f600}\u{fe0f}\u{fe02}\u{fe0f}\u{e0101}!", "\u{1f600}\u{fe0f}!"),
        ("\u{1b}[1;31mred\u{1b}[0m", "red"),
        ("\u{9b}31mred\u{9b}0m, \u{9b}word", "red, word"),
        ("\u{1b}]0;title\u{7}x", "x"),
        ("\u{1b}]8;;https://evil.example\u{1b}\\words\u{1b}]8;;\u{9c}", "words"),
        ("\u{90}1$r\u{9c}x", "x"),
        ("\u{1b}]no end\nx", "]no end\nx"),
        ("\u{1b}[", "["),
        ("\u{1b}[12\u{1b}cx", "[12cx"),
        ("\u{1b}c", "c"),
        ("over\u{8}\u{8}\u{8}\u{8}\u{7f}", "over"),
        ("10%\r20%", "10%\n20%"),
        ("a\u{85}b\u{2028}c", "ab\nc"),
        ("<\u{0}b>x", "x"),
        ("[a\u{1b}](https://evil.example)", "a"),
        ("a\tb\r\nc", "a\tb\r\nc"),
        ("a\u{fe00}b1\u{fe0f}2\u{3164}\u{ffa0}\u{2065}\u{1d173}\u{1d17a}\u{180b}3", "ab123"),
    ] {
        assert_eq!(strip(text), plain, "{text}");
        assert_eq!(is_in(text), text != plain, "{text}");
    }
}

proptest! {
    #[test]
    fn what_is_left_has_no_markup(text in "[<>!\\[\\]()/a-b1.\n \u{200b}\u{200c}\u{200d}\u{645}\u{fe0f}\u{20e3}\u{2764}:\u{1b}\u{9b}\u{7}\r]{0,60}") {
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
        "[\n".repeat(500_000),
        "[\\]".repeat(300_000),
        "a[]: ".repeat(200_000),
        "[]: \n".repeat(200_000),
        "<a@".repeat(300_000),
        "\u{1b}[1".repeat(300_000),
        "\u{1b}]1".repeat(300_000),
        "\r\u{9b}".repeat(300_000),
    ] {
        assert!(strip(&text).len() <= text.len());
    }
}

#[test]
fn the_mask_of_what_is_hidden_makes_no_markup() {
    for text in
        ["!MASK(https://evil.example/p)", "[a]MASK", "[a]MASK: b", "[aMASK(b)", "MASK: b", "<MASK>", "![a]MASK(b)"]
    {
        let shown = text.replace("MASK", crate::guard::reply::MASK);
        assert!(!is_in(&shown), "{shown}");
    }
}

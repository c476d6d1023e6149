use super::super::link::*;

fn hosts(list: &[&str]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}

/// Addresses at `corp.example` or below `wiki.example`.
const ADDRESSES_WITHIN: &[&str] = &[
    "https://corp.example",
    "https://corp.example/",
    "https://CORP.example/a?b=c#d",
    "https://www.corp.example/a",
    "https://team.wiki.example/x",
    "https://corp.example/.well-known/a..b/v1.2/?next=../x#../y",
    "https://corp.example/@ann?mail=ann@corp.example",
    "https://corp.example/100%25/%C3%A4%20b;v=1",
];

/// Addresses that lead elsewhere for some parser.
const ADDRESSES_ELSEWHERE: &[&str] = &[
    "http://corp.example/",
    "HTTPS://evil.example/",
    "https://evil.example/corp.example",
    "https://corp.example.evil.example/",
    "https://corp.example@evil.example/",
    "https://evil.example\\@corp.example/",
    "https://corp.example\\.evil.example/",
    "https://corp.example:8443/",
    "https://corp.example%2eevil.example/",
    "https://corp\u{3002}example.evil.example/",
    "https://c\u{43e}rp.example/",
    "https:///corp.example",
    "https:corp.example",
    "https://corp.example /",
    "https://corp.exa\tmple/",
    " https://corp.example/",
    "//corp.example/",
    "https://wiki.example/",
    "https://evilwiki.example/",
    "https://evil.example#.wiki.example/",
    "https://[::1]/",
    "https://corp.example/reports/../admin/delete?id=1",
    "https://corp.example/reports/..",
    "https://corp.example/reports/./x",
    "https://corp.example/reports/%2e%2e/admin",
    "https://corp.example/reports/.%2E/admin",
    "https://corp.example/reports/..%2fadmin",
    "https://corp.example/reports/..%5Cadmin",
    "https://corp.example/reports/%%32%65%25%32e/admin",
    "https://corp.example/reports/%25252e%2525252e/admin",
    "https://corp.example/reports/..;x/admin",
    "https://corp.example/reports/..%3b/admin",
    "https://corp.example/reports/..%20/admin",
    "https://corp.example/reports/..%23/admin",
    "https://corp.example/reports/..%3f/admin",
    "https://corp.example/reports/%u002e%u002e/admin",
    "https://corp.example/reports/%25U002e/admin",
    "https://corp.example?@evil.com/",
    "https://corp.example#@evil.com/",
    "https://corp.example?x@evil.com/",
    "https://corp.example/reports/%c0%ae%c0%ae/admin",
    "https://corp.example/reports/\u{ff0e}\u{ff0e}\u{ff0f}admin",
    "corp.example",
    "",
];

#[test]
fn an_address_is_read_as_every_parser_reads_it() {
    let corp = hosts(&["corp.example", "*.wiki.example"]);
    for good in ADDRESSES_WITHIN {
        assert!(is_address_at(good, &corp), "{good}");
    }
    for bad in ADDRESSES_ELSEWHERE {
        assert!(!is_address_at(bad, &corp), "{bad}");
    }
}

/// Texts without a link.
const PLAIN: &[&str] = &[
    "Done. Thanks!",
    "We meet at 10:30, e.g. in room 4.2",
    "see report.pdf and notes.txt",
    "either/or",
    "mail ann@corp.example",
    "**Note:** from 10:30 to 11:45, room:12, 2026-05-01T10:30:00Z, thanks:)",
    "\u{201c}Subject:\u{201d} hello",
    "name\tcity\tsum\nAnn\tRome\t1.50",
    "\u{1f469}\u{200d}\u{1f4bb} \u{645}\u{6cc}\u{200c}\u{62e}\u{648}\u{627}\u{647}\u{645}",
    "Ann <ann@corp.example>, R&D; AT&T;",
    "10.000.000.000 VND, Rp 1.000.000.000, 256.1.1.1",
    "sshd[4711]: Accepted\nAmount [EUR]: 500",
    "version 1.0.0-beta, notes.txt-old, wait\u{2026}what",
    "\u{3067}\u{3059}\u{ff0e}\u{6b21}\u{306b}",
    "\u{597d}\u{300d}\u{3002}\u{300c}\u{8c22}\u{8c22}",
    "I \u{2764}\u{fe0f} it, 1\u{fe0f}\u{20e3}",
    "\u{4f60}\u{597d}\u{3002}\u{8c22}\u{8c22}\u{3002}",
    "",
];

/// Texts with links to `corp.example` only.
const LINKED: &[&str] = &[
    "see https://corp.example/a.",
    "(https://corp.example)",
    "\u{201e}https://corp.example\u{201c} \u{201c}https://corp.example\u{201d} \u{ab}https://corp.example\u{bb}",
    "https://corp.example\u{2026}",
    "see:\nhttps://corp.example/a\tand",
    "corp.example-x",
    "www.corp.example",
    "corp.example/login",
    "<https://corp.example/x>",
    "<https://corp.example/x?a=b>",
    "[report](https://corp.example/r)",
    "[Report:](https://corp.example/r), [more](https://corp.example).",
    "(see https://corp.example/r).",
    "https://corp.example/r?a=b&c=d%20e#f, or https://corp.example!",
    "{\"url\":\"https://corp.example/r\",\"n\":1}",
];

/// Texts with a link to somewhere else, or with what could be one.
const LINKED_ELSEWHERE: &[&str] = &[
    "https://evil.example",
    "see HTTPS://EVIL.EXAMPLE/x",
    "[click](https://evil.example)",
    "<a href='https://evil.example'>corp.example</a>",
    "www.evil.example",
    "evil.example/path",
    "evil.com",
    "go to //evil.example/x",
    "http://corp.example/",
    "https://corp.example@evil.example/",
    "https://corp.example/redirect?to=https://evil.example",
    "https://corp.example/r?to=evil.example//x",
    "javascript:alert(1)",
    "data:text/html,hi",
    "mailto:eve@evil.example",
    "ftp://evil.example",
    "hxxp://evil.example",
    "http://10.0.0.1/x",
    "10.0.0.1/x",
    "evil\u{3002}com/x",
    "evil.\u{200b}com",
    "text=evil.example",
    "https://corp.example;@evil.example/x",
    "https://corp.example,@evil.example/x",
    "https://corp.example!@evil.example",
    "https:/user@evil.example/x",
    "https:/@evil.example",
    "https:16843009/x",
    "http:/0x7f.1/",
    "https:/ev%69l.example",
    "[a](https:\\\\evil.example\\x)",
    "<img src=\"/\\evil.example/x\">",
    "\\\\evil.example\\share",
    "<img src=\"https:&#47;&#47;evil&#46;example/p\">",
    "https&colon;&sol;&sol;evil&period;example",
    "href=\"https:/\t/evil\t.\texample\"",
    "<a href=\"https://corp.example\">corp.example</a>",
    "www.evil.xn--p1ai/?d=1",
    "evil.\u{b87}\u{ba8}\u{bcd}/x",
    "www.e\u{301}vil.example",
    "ev\u{b7}il.example",
    "skype:eve",
    "[a](skype:eve)",
    "[a](/local)",
    "xhttps://corp.example/",
    "evil.example.corp.example.evil.example",
    "user@evil.example/path",
    // a second link behind an allowed one
    "[a](https://corp.example/)(www.evil.com/leak)",
    "[a](https://corp.example/)evil.com/leak",
    "https://corp.example/)www.evil.com/leak",
    "https://corp.example/\u{ff5c}www.evil.com",
    "https://corp.example/\u{ff5c}www.evil.com\u{ff0c}1.5",
    "[https://corp.example/](www.evil.com)",
    "[a](https://corp.example/)[b](smb:evil)",
    "[a](https://corp.example/](evil)",
    "https://corp.example,@16843009/x",
    "[a](https://corp.example\"@16843009/x)",
    "https://corp.example\u{3002}evil",
    "https://corp.example/a/../b",
    "[a](bitcoin:https://corp.example/)",
    "view-source:https://corp.example/",
    // attributes
    "<https://corp.example/ onpointerenter=eval(atob('YQ=='))>x",
    "<https://corp.example/onpointerenter=location=name>x",
    "<https://corp.example/",
    "</ hidden>",
    // names and schemes
    "www.\u{4f8b}\u{5b50}\u{3002}com/leak",
    "www.evil.com\u{ff0c}1",
    "[pay]: bitcoin:1BoatSLRHtKNngkdXEeobR76b53LETtpyT?amount=5",
    "[pay]: /local",
    "bitcoin:1BoatSLRHtKNngkdXEeobR76b53LETtpyT",
    "ms-msdt:/id",
    "callto:+1900555",
    "callto:1900555",
    "bitcoin:*evil",
    "note:text",
    // what ends a name, or hides it
    "evil.com\u{1}",
    "www.evil.com\u{1}",
    "evil.com\u{7f}",
    "evil.com\u{0}/path",
    "evil.com\u{85}",
    "1.1.1.1\u{1}",
    "1.1.1.1",
    "1\u{3002}1\u{3002}1\u{3002}1",
    "evil.com\tx",
    "evil\t.com",
    "evil.com-click here",
    "evil.co.uk-x",
    "evil.com-x/path",
    "1.1.1.1-x",
    "evil.com..1",
    "evil.com-x..1",
    "evil.com\u{3002}\u{3002}1",
    "evil.com.-x",
    "www.evil.com_x",
    "\u{ff45}\u{ff56}\u{ff49}\u{ff4c}\u{ff0e}\u{ff43}\u{ff4f}\u{ff4d}",
    "\u{432}\u{432}\u{432}\u{3002}ru",
    "\u{432}\u{432}\u{432}\u{3002}\u{440}\u{444}\u{4f60}\u{3002}\u{597d}",
    "evil\u{2024}com",
    "evil\u{2024}com\u{ff08}x",
    "evil\u{fe52}com",
    "evil.com\u{2026}x",
    "evil.com\u{8bf7}1",
    "evil.\u{645}\u{200c}\u{62e}",
    "ev\u{200d}il",
    "1. [pay]: /local",
    "> [pay\nnow]: /local",
    "https://corp.example\u{201d}evil",
    "<ann@corp.example onclick=x>",
    "\u{2764}\u{fe0f}\u{fe0e}",
    "a\u{fe0f}",
    "1\u{fe0f}",
];

#[test]
fn a_text_has_no_link_but_to_the_hosts_allowed() {
    let (none, corp) = (hosts(&[]), hosts(&["corp.example"]));
    for plain in PLAIN {
        assert!(leads_only_to(plain, &none), "{plain}");
    }
    for good in LINKED {
        assert!(leads_only_to(good, &corp), "{good}");
        assert!(!leads_only_to(good, &none), "{good}");
    }
    for bad in LINKED_ELSEWHERE {
        assert!(!leads_only_to(bad, &corp), "{bad}");
    }
}

#[test]
fn an_allowed_domain_allows_nothing_before_it() {
    let below = hosts(&["*.corp.example"]);
    for good in ["x.corp.example", "www.corp.example/a", "a-b.us-east.corp.example.", "https://x.corp.example/"] {
        assert!(leads_only_to(good, &below), "{good}");
    }
    for bad in [
        "evil.com\u{3002}x.corp.example",
        "evil.com\u{8bf7}\u{770b}x.corp.example",
        "evil.com\u{444}x.corp.example",
        "evil.com_x.corp.example",
        "evil.com..x.corp.example",
        "evil.com-.corp.example",
        "corp.example",
    ] {
        assert!(!leads_only_to(bad, &below), "{bad}");
    }
    assert!(leads_only_to("corp.xn--p1ai", &hosts(&["corp.xn--p1ai"])));
}

/// Texts with words to be filled in.
const PLACEHOLDERS: &[&str] = &[
    "<summary>",
    "Dear <your name>, see <link> and <title>.",
    "<b>, <first_name>/<last-name>, <Stra\u{df}e>, <date/time>, <SUM (in EUR)>",
    "<recipient\u{2019}s name, optional>",
    "a<b and c>d",
    "<<name>>",
    "x <name>\t<city> y",
    "Ann <ann@corp.example>: <summary>",
];

/// Texts with what looks like such a word, and is markup.
const ELEMENTS: &[&str] = &[
    // what a browser sees when it has taken the element out
    "evil.<wbr>com",
    "evil<b>.com",
    "www.<your name>evil.com",
    "evil.<b>com\t1",
    "evil.\tc<b>om",
    "java<b>script:alert(1)",
    "/<b>/evil.example/x",
    "[a]<b>(/local)",
    "https:<b>//evil.example",
    "<b>[a]: /local",
    "<<b>a href=x>",
    "<<b>script>",
    "<<b>a>",
    // what has an attribute, or is not closed
    "<a href=x>",
    "<your name=x>",
    "<x onclick='a'>",
    "<x \"a>",
    "<x 'a>",
    "<x `a>",
    "<name",
    "<name\n>",
    "</name>",
    "<name:x>",
    "<evil.com>",
    "<evil.com name>",
    "<name evil.com>",
    "<name|evil.com>",
    "<name@evil.com x>",
    "<a//evil>",
    "<!name>",
    "<?name>",
    // what runs what stands behind it
    "<script>eval(atob('YQ'))",
    "<SCRIPT>alert(1)",
    "<script/x>alert(1)",
    "<style>@import 'x'",
    "<svg>",
    "<iframe name>",
    "<base>",
];

#[test]
fn a_word_to_be_filled_in_is_no_link() {
    let (none, corp) = (hosts(&[]), hosts(&["corp.example"]));
    for plain in PLACEHOLDERS {
        assert!(leads_only_to(plain, &none), "{plain}");
    }
    assert!(leads_only_to("<name>: see <https://corp.example/x>, <city>", &corp));
    for bad in ELEMENTS {
        assert!(!leads_only_to(bad, &corp), "{bad}");
    }
    assert!(!leads_only_to(&format!("<{}>", "x".repeat(65)), &corp), "no word is as long");
}

/// Sentences that begin right behind an allowed address.
const SENTENCES: &[&str] = &[
    "See www.example.com.They are open.",
    "www.example.com.They",
    "(www.example.com.They)",
    "WWW.Example.Com.They're open",
    "www.example.com.They\u{2019}re open",
    "https://www.example.com.They are open, corp.example.Please come. https://team.wiki.example.Thanks!",
    "www.example.com. They",
    "www.example.com.",
    "at www.example.com.\nThey",
    "www.example.com.I am",
    "corp.example.Kindly, Ann",
    "corp.example.They.",
];

/// Names that go on behind an allowed address, or before it.
const LONGER_NAMES: &[&str] = &[
    "www.example.com.evil.example",
    "www.example.com.Evil.example",
    "www.example.com.They.example",
    "www.example.com.They.com",
    "www.example.com.they",
    "www.example.com.THEY",
    "www.example.com.TheY",
    "www.example.com.They-x",
    "www.example.com.They_x",
    "www.example.com.They/path",
    "www.example.com.They:8080",
    "www.example.com.They?x",
    "www.example.com.They#x",
    "www.example.com.They\u{e9}",
    "www.example.com.They\u{3002}com",
    "www.example.com.They.\u{200b}com",
    "www.example.com.They'.com",
    "www.example.com.They'com.evil",
    // ends of names that hosts have
    "www.example.com.Me",
    "www.example.com.It is",
    "www.example.com.Best regards",
    "www.example.com.Com",
    "www.example.com.Example",
    "www.example.com.Local",
    // another host before it
    "evil.com.They are open",
    "home.They left",
    "evilwww.example.com.They",
    "evil-www.example.com.They",
    "evil.com.www.example.com.They",
    "http://www.example.com.They",
    "xhttps://www.example.com.They",
    "//www.example.com.They",
    "https://evil.com@www.example.com.They",
    "\u{e9}www.example.com.They",
    "other.example.com.They",
    "wiki.example.They",
    "..www.example.com.They",
];

#[test]
fn a_sentence_right_behind_an_allowed_address_is_none_of_it() {
    let hosts = hosts(&["www.example.com", "corp.example", "*.wiki.example"]);
    for good in SENTENCES {
        assert!(leads_only_to(good, &hosts), "{good}");
    }
    for bad in LONGER_NAMES {
        assert!(!leads_only_to(bad, &hosts), "{bad}");
    }
    assert!(top_level::is_known("COM") && top_level::is_known("me") && !top_level::is_known("they"));
}

/// Every character is looked at a few times at most; a test that hangs fails.
#[test]
fn long_texts_take_no_time() {
    let corp = hosts(&["corp.example"]);
    for (unit, count) in [
        ("https://corp.example/,", 20_000),
        ("<https://corp.example/>", 20_000),
        ("a:\u{201d} ", 80_000),
        ("1:", 200_000),
        ("a:1 ", 100_000),
        ("\u{2764}\u{fe0f}", 80_000),
        ("\u{ff5c}", 100_000),
        ("\u{597d}\u{3002}", 100_000),
        (".\u{3002}-", 100_000),
        ("1-.", 100_000),
        ("a\t", 100_000),
        ("<a> ", 100_000),
        ("corp.example.They ", 20_000),
        ("corp.example.They, ", 20_000),
    ] {
        assert!(leads_only_to(&unit.repeat(count), &corp), "{unit}");
    }
    assert!(is_address_at(&format!("https://corp.example/{}", "%25".repeat(100_000)), &corp));
    assert!(!is_address_at(&format!("https://corp.example/%{}2e/", "25".repeat(100_000)), &corp));
}

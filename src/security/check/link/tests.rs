use super::*;

fn hosts(list: &[&str]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}

#[test]
fn an_address_is_read_as_every_parser_reads_it() {
    let corp = hosts(&["corp.example", "*.wiki.example"]);
    for good in [
        "https://corp.example",
        "https://corp.example/",
        "https://CORP.example/a?b=c#d",
        "https://www.corp.example/a",
        "https://team.wiki.example/x",
    ] {
        assert!(is_address_at(good, &corp), "{good}");
    }
    for bad in [
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
        "corp.example",
        "",
    ] {
        assert!(!is_address_at(bad, &corp), "{bad}");
    }
}

#[test]
fn a_text_has_no_link_but_to_the_hosts_allowed() {
    let (none, corp) = (hosts(&[]), hosts(&["corp.example"]));
    for plain in [
        "Done. Thanks!",
        "We meet at 10:30, e.g. in room 4.2",
        "see report.pdf and notes.txt",
        "either/or",
        "mail ann@corp.example",
        "",
    ] {
        assert!(leads_only_to(plain, &none), "{plain}");
    }
    for good in [
        "see https://corp.example/a.",
        "(https://corp.example)",
        "www.corp.example",
        "corp.example/login",
        "<https://corp.example/x>",
    ] {
        assert!(leads_only_to(good, &corp), "{good}");
        assert!(!leads_only_to(good, &none), "{good}");
    }
    for bad in [
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
    ] {
        assert!(!leads_only_to(bad, &corp), "{bad}");
    }
}

use super::*;

const ALL: [Subject; 4] = [Subject::Call, Subject::List, Subject::Start, Subject::Other];

#[test]
fn only_calls_have_keys_that_set_their_limits() {
    for subject in ALL {
        let (long, late) = (subject.too_long(1_000), subject.too_late(Duration::from_secs(60)));
        assert!(long.contains("longer than 1000 bytes") && late.contains("within 60s"), "{long}; {late}");
        let is_call = subject == Subject::Call;
        assert_eq!(long.contains("`reply.receive_bytes`"), is_call, "{long}");
        assert_eq!(late.contains("`timeout`"), is_call, "{late}");
    }
}

#[test]
fn what_was_asked_for_is_told_apart() {
    for (asked, subject) in [
        (Asked::Call(None), Subject::Call),
        (Asked::Tools, Subject::List),
        (Asked::Initialize, Subject::Start),
        (Asked::Discover, Subject::Start),
        (Asked::Other, Subject::Other),
    ] {
        assert_eq!(Subject::of(&asked), subject, "{asked:?}");
    }
    assert!(Subject::List.too_long(1).contains("list of tools") && Subject::Start.too_long(1).contains("`initialize`"));
}

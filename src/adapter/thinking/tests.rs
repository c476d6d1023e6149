use super::*;

fn text(reply: &str) -> Option<(&str, bool)> {
    answer(reply).ok().map(|answer| (answer.text.trim(), answer.after_thoughts))
}

#[test]
fn thoughts_are_no_answer() {
    assert_eq!(text("yes"), Some(("yes", false)));
    assert_eq!(text("<think>no</think>\nyes"), Some(("yes", true)));
    assert_eq!(text("\n <THINKING>\nno\n</Thinking> yes"), Some(("yes", true)));
    assert_eq!(text("[THINK]no[/THINK]yes"), Some(("yes", true)));
    assert_eq!(text("<think>a</think><reasoning>b</reasoning>yes"), Some(("yes", true)));
    assert_eq!(text("Let me see. <think>no</think> yes"), Some(("yes", true)));
    assert_eq!(text("no, wait\n</think>\nyes"), Some(("yes", true)), "the server kept the beginning back");
    assert_eq!(text("[[ ## a ## ]]\ndraft\n</think>\n[[ ## a ## ]]\nyes"), Some(("[[ ## a ## ]]\nyes", true)));
    assert_eq!(text("[[ ## a ## ]]\nsee <think> there"), Some(("[[ ## a ## ]]\nsee <think> there", false)));
}

#[test]
fn thoughts_alone_are_an_error() {
    for reply in ["<think>", "<think>hm, [[ ## a ## ]]\ndraft", "<think>a</think>  \n", "hm </think>"] {
        assert_eq!(answer(reply).err(), Some(ParseError::OnlyThoughts), "{reply}");
    }
    assert_eq!(answer("a </think> b </think> c").err(), Some(ParseError::Thoughts));
}

#![expect(clippy::panic, reason = "tests")]

use abide_base::secret::Redactor;
use rmcp::{
    model::{RequestId, ServerJsonRpcMessage},
    service::ServiceError,
};

use super::super::{message::Asked, subject::*};
use crate::client::{error::Fault, message};

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

#[test]
fn an_answer_that_is_too_long_keeps_its_subject_on_its_way_through_the_library() {
    for subject in ALL {
        let ServerJsonRpcMessage::Error(error) = message::too_long(subject, 5, RequestId::Number(1)) else {
            panic!("it is an error");
        };
        assert_eq!(message::why_unusable(&error.error), Some(&*subject.too_long(5)));
        let fault = Fault::of_service(ServiceError::McpError(error.error), &Redactor::new());
        assert!(matches!(fault, Fault::TooLong { limit: 5, subject: found } if found == subject), "{fault:?}");
    }
}

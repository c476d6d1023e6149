#![expect(clippy::unwrap_used, reason = "tests")]

use super::TraceId;

const ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736";

#[test]
fn a_trace_id_is_read_from_a_traceparent() {
    let id: TraceId = ID.parse().unwrap();
    assert_eq!(id.to_string(), ID);
    for value in [
        format!("00-{ID}-00f067aa0ba902b7-01"),
        format!(" 00-{ID}-00f067aa0ba902b7-00 "),
        format!("cc-{ID}-00f067aa0ba902b7-01-what-comes-later"),
    ] {
        assert_eq!(TraceId::from_traceparent(&value), Some(id), "{value}");
    }
    for value in [
        String::new(),
        ID.to_owned(),
        format!("00-{ID}-00f067aa0ba902b7"),
        format!("ff-{ID}-00f067aa0ba902b7-01"),
        format!("00-{}-00f067aa0ba902b7-01", ID.to_uppercase()),
        format!("00-{ID}0-00f067aa0ba902b7-01"),
        format!("00-{ID}-00f067aa0ba902bx-01"),
        format!("00-{}-00f067aa0ba902b7-01", "0".repeat(32)),
        "00-none-00f067aa0ba902b7-01".to_owned(),
    ] {
        assert_eq!(TraceId::from_traceparent(&value), None, "{value}");
    }
}

#[test]
fn absence_reads_none() {
    assert_eq!(TraceId::NONE.to_string(), "none");
    assert_eq!("none".parse::<TraceId>().unwrap(), TraceId::NONE);
    let error = "xyz".parse::<TraceId>().unwrap_err();
    assert!(error.to_string().contains("`xyz`"));
}

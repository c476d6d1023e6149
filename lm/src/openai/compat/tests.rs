use crate::openai::compat::*;

#[test]
fn only_what_differs_is_a_setting() {
    assert_eq!(Compat::default().settings(), [""; 0]);
    let all = Compat {
        seed: Param::Omit,
        temperature: Param::Omit,
        top_p: Param::Omit,
        parallel_tool_calls: Param::Omit,
        token_limit: TokenLimit::MaxCompletionTokens,
        response_format: Formats::JsonObject,
    };
    let expected = [
        "seed=omit",
        "temperature=omit",
        "top_p=omit",
        "parallel_tool_calls=omit",
        "response_format=json_object",
        "token_limit=max_completion_tokens",
    ];
    assert_eq!(all.settings(), expected);
}

#[test]
fn a_refused_form_falls_to_the_next() {
    let schema = ReplyFormat::Schema { name: "s".to_owned(), schema: serde_json::json!({}) };
    let without = |formats, wanted| {
        Compat { response_format: formats, ..Compat::default() }
            .without(Parameter::ResponseFormat, wanted)
            .response_format
    };
    assert_eq!(without(Formats::All, &schema), Formats::JsonObject);
    assert_eq!(without(Formats::JsonObject, &schema), Formats::Text);
    assert_eq!(without(Formats::All, &ReplyFormat::Json), Formats::SchemaOnly);
    assert_eq!(without(Formats::SchemaOnly, &schema), Formats::Text);
}

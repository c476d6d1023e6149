use crate::openai::detect::*;

fn refused(words: &str, param: &str, code: &str) -> Option<Parameter> {
    let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Parameter::refused(&Said { words: words.to_owned(), param: text(param), code: text(code), ..Said::default() })
}

#[test]
fn a_refused_parameter_is_found() {
    let cases = [
        // OpenAI
        (
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
            "max_tokens",
            "unsupported_parameter",
            Parameter::TokenLimit,
        ),
        (
            "Unsupported value: 'temperature' does not support 0 with this model.",
            "temperature",
            "unsupported_value",
            Parameter::Temperature,
        ),
        ("Unrecognized request argument supplied: seed", "", "", Parameter::Seed),
        // Gemini
        ("Invalid JSON payload received. Unknown name \"seed\": Cannot find field.", "", "", Parameter::Seed),
        // Mistral
        ("seed: Extra inputs are not permitted", "seed", "", Parameter::Seed),
        // Groq
        ("property 'parallel_tool_calls' is unsupported", "", "", Parameter::ParallelToolCalls),
        (
            "This model does not support response format `json_schema`.",
            "response_format",
            "",
            Parameter::ResponseFormat,
        ),
        // DeepSeek
        ("This response_format type is unavailable now", "", "", Parameter::ResponseFormat),
        // LM Studio
        ("'response_format.type' must be 'json_schema' or 'text'", "", "", Parameter::ResponseFormat),
        // Anthropic
        ("`temperature` and `top_p` cannot both be specified for this model.", "", "", Parameter::Temperature),
        ("temperature: Extra inputs are not permitted", "", "", Parameter::Temperature),
        ("top_p is deprecated for this model", "", "", Parameter::TopP),
        ("no", "body.seed", "extra_forbidden", Parameter::Seed),
        ("no", "response_format.json_schema", "unsupported_value", Parameter::ResponseFormat),
    ];
    for (words, param, code, expected) in cases {
        assert_eq!(refused(words, param, code), Some(expected), "{words}");
    }
}

#[test]
fn nothing_else_is_left_out() {
    for (words, param, code) in [
        ("tools is not supported", "tools", "unsupported_parameter"),
        ("'tool_choice' is unsupported, and so is 'seed'", "", ""),
        ("stop is not supported together with seed", "", ""),
        ("2.5 is greater than the maximum of 2 - 'temperature'", "temperature", ""),
        ("max_tokens is too large: 100000", "max_tokens", ""),
        ("'messages' must contain the word 'json' to use 'response_format'", "messages", ""),
        ("Invalid schema for response_format 's': 'default' is not permitted", "response_format", ""),
        ("Unknown model `seedling`", "", ""),
        ("the model does not support images", "", ""),
        ("logprobs is not supported", "logprobs", "unsupported_parameter"),
    ] {
        assert_eq!(refused(words, param, code), None, "{words}");
    }
}

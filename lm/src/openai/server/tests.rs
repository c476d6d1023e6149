#![expect(clippy::unwrap_used, reason = "tests")]

use crate::openai::server::*;

#[test]
fn what_is_known_of_each_server() {
    let cases = [
        ("https://api.openai.com/v1", "token_limit=max_completion_tokens"),
        ("https://me.openai.azure.com/openai/v1", "token_limit=max_completion_tokens"),
        ("https://generativelanguage.googleapis.com/v1beta/openai", "seed=omit parallel_tool_calls=omit"),
        ("https://openrouter.ai/api/v1", ""),
        ("https://api.deepseek.com", "seed=omit parallel_tool_calls=omit response_format=json_object"),
        ("https://api.mistral.ai/v1", "seed=omit"),
        ("https://api.groq.com/openai/v1", "token_limit=max_completion_tokens"),
        ("https://ollama.com/v1", "parallel_tool_calls=omit"),
        ("http://localhost:11434/v1", "parallel_tool_calls=omit"),
        ("http://127.0.0.1:8000/v1", ""),
        ("http://127.0.0.1:8080/v1", ""),
        // none of these is a known one
        ("https://models.example:11434/v1", ""),
        ("https://notapi.openai.com.example/v1", ""),
        ("https://myapi.mistral.ai/v1", ""),
    ];
    for (address, settings) in cases {
        let compat = Compat::of_address(&address.parse().unwrap());
        assert_eq!(compat.settings().join(" "), settings, "{address}");
    }
}

#[test]
fn azure_gets_its_own_header() {
    for (address, expected) in [
        ("https://me.openai.azure.com/openai/v1", KeyHeader::ApiKey),
        ("https://gateway.example/openai/deployments/d?api-version=2024-10-21", KeyHeader::ApiKey),
        ("https://openai.azure.com.example/v1", KeyHeader::Bearer),
        ("https://api.openai.com/v1", KeyHeader::Bearer),
    ] {
        assert_eq!(KeyHeader::of(&address.parse().unwrap()), expected, "{address}");
    }
}

//! Vendors by the word before a model's name: what they speak, where they are, and what their key is called.

/// A vendor of models.
pub(super) struct Vendor {
    pub(super) name: &'static str,
    pub(super) api: Api,
    /// The documented address, if there is one for all.
    pub(super) address: Option<&'static str>,
    /// The variables of the key; the first that is set counts.
    pub(super) keys: &'static [&'static str],
    pub(super) key: Key,
}

/// Which API a vendor speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Api {
    /// Chat completions.
    Chat,
    /// Chat completions at Azure: an address for each resource, and a header of its own for the key.
    Azure,
    /// Messages.
    Messages,
}

/// Whether the documented address wants a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Needed,
    Optional,
}

/// All of them.
pub(super) const VENDORS: &[Vendor] = &[
    chat("openai", "https://api.openai.com/v1", &["OPENAI_API_KEY"]),
    Vendor {
        name: "anthropic",
        api: Api::Messages,
        address: Some("https://api.anthropic.com/v1"),
        keys: &["ANTHROPIC_API_KEY"],
        key: Key::Needed,
    },
    chat("gemini", "https://generativelanguage.googleapis.com/v1beta/openai", &["GEMINI_API_KEY", "GOOGLE_API_KEY"]),
    chat("openrouter", "https://openrouter.ai/api/v1", &["OPENROUTER_API_KEY"]),
    chat("deepseek", "https://api.deepseek.com", &["DEEPSEEK_API_KEY"]),
    chat("mistral", "https://api.mistral.ai/v1", &["MISTRAL_API_KEY"]),
    chat("groq", "https://api.groq.com/openai/v1", &["GROQ_API_KEY"]),
    Vendor { name: "azure", api: Api::Azure, address: None, keys: &["AZURE_OPENAI_API_KEY"], key: Key::Needed },
    Vendor {
        name: "ollama",
        api: Api::Chat,
        address: Some("http://127.0.0.1:11434/v1"),
        keys: &["OLLAMA_API_KEY"],
        key: Key::Optional,
    },
];

const fn chat(name: &'static str, address: &'static str, keys: &'static [&'static str]) -> Vendor {
    Vendor { name, api: Api::Chat, address: Some(address), keys, key: Key::Needed }
}

impl Vendor {
    /// The vendor and the model that `vendor/model` names.
    pub(super) fn parse(id: &str) -> Option<(&'static Self, &str)> {
        let (name, model) = id.split_once('/')?;
        let vendor = VENDORS.iter().find(|vendor| vendor.name == name)?;
        (!model.is_empty()).then_some((vendor, model))
    }

    /// The variable of the key that messages name.
    pub(super) fn key_variable(&self) -> &'static str {
        self.keys.first().copied().unwrap_or("ABIDE_MODEL")
    }
}

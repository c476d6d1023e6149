use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

/// A text that cannot be guessed: 192 bits.
pub(in crate::oauth) fn random_id() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 24]>())
}

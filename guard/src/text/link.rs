//! Links in texts: where they lead, as every reader of the text could take them.

mod host;
mod link;
mod prose;
mod top_level;

pub(crate) use host::is_mail_address;
pub(crate) use link::is_address_at;
pub use link::leads_only_to;

#[cfg(test)]
mod tests;

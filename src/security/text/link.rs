//! Links in texts: where they lead, as every reader of the text could take them.

mod host;
mod link;
mod prose;
mod top_level;

pub(in crate::security) use host::is_mail_address;
pub(in crate::security) use link::is_address_at;
pub(in crate::security) use link::leads_only_to;

#[cfg(test)]
mod tests;

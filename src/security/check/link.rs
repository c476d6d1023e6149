//! Links in texts: where they lead, as every reader of the text could take them.

mod link;
mod prose;
mod top_level;

pub(in crate::security::check) use link::{has_invisible, is_address_at, is_invisible_between, is_mail_address};
pub(in crate::security) use link::{is_invisible, leads_only_to};

#[cfg(test)]
mod tests;

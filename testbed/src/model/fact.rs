/// One fact of a customer's record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fact {
    /// Whether the account is active.
    Status,
    /// The service tier.
    Tier,
    /// The name.
    Name,
    /// The e-mail address.
    Email,
    /// Since when they are a customer.
    Since,
    /// Remarks on the record.
    Notes,
}

impl Fact {
    /// All facts, with the keys under which tools name them.
    pub const KEYS: [(Self, &'static [&'static str]); 6] = [
        (Self::Status, &["status", "account_status", "state"]),
        (Self::Tier, &["tier", "level", "plan", "membership", "segment"]),
        (Self::Name, &["name", "customer_name", "full_name"]),
        (Self::Email, &["email", "e_mail", "mail", "email_address"]),
        (Self::Since, &["since", "created", "created_at", "member_since", "opened"]),
        (Self::Notes, &["notes", "note", "remarks", "comment"]),
    ];
}

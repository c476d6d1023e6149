use serde::{Deserialize, Serialize};

/// What the MCP server did for one run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct State {
    /// Every call that was carried out without an error, in order.
    pub calls: Vec<ExecutedCall>,
    /// The tickets created.
    pub tickets: Vec<Ticket>,
    /// The refunds paid.
    pub refunds: Vec<Refund>,
}

/// A call that the server carried out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ExecutedCall {
    /// The tool's name at the server, such as `get_customer_info`.
    pub tool: String,
    /// Its arguments: a JSON object.
    pub arguments: serde_json::Value,
}

/// A support ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ticket {
    /// Whom it concerns.
    pub customer_id: String,
    /// What is wrong, in free text.
    pub issue: String,
    /// Such as `high`; `None` where the call named none.
    pub priority: Option<String>,
}

/// A refund.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Refund {
    /// Who gets it.
    pub customer_id: String,
    /// How much.
    pub amount: f64,
}

//! Asks Cedar policies about the tool calls of Abide.
//!
//! [`CedarCheck`] is a further check of a guard: it can refuse what the boundary allows, never allow anything. Its policies may be
//! those that `abide boundary export --cedar FILE` writes, or others for the same schema. The principal is `Abide::Caller`, the action
//! and the resource are named like the tool, and the context is that of [`abide::review::cedar::context`].

use std::{fmt, sync::Arc};

use abide::{
    async_trait,
    call::{ToolCall, ToolSpec},
    event::EventKind,
    guard::{Caller, Check, CheckError, Denied, Grants, Policy, Session, Verdict},
    review::cedar::context,
};
use cedar_policy::{
    Authorizer, Context, Decision, Entities, EntityId, EntityTypeName, EntityUid, PolicySet, Request, Schema,
    ValidationMode, Validator,
};

/// Refuses what no Cedar policy permits.
pub struct CedarCheck {
    policies: PolicySet,
    schema: Schema,
    policy: Policy,
    grants: Arc<dyn Grants>,
    /// The hierarchy of actions.
    entities: Entities,
    authorizer: Authorizer,
}

/// Why policies cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CedarError {
    /// They are not Cedar.
    #[error("the policies cannot be read: {0}")]
    Policies(String),
    /// The schema is not Cedar.
    #[error("the schema cannot be read: {0}")]
    Schema(String),
    /// The policies do not fit the schema.
    #[error("the policies do not fit the schema: {0}; export both again, or correct the policies")]
    Misfit(String),
}

impl CedarCheck {
    /// Reads policies and their schema, and validates the ones against the other. `grants` are those that the guard asks too, such as the
    /// boundary itself.
    ///
    /// # Errors
    /// One of them is not Cedar, or they do not fit together.
    pub fn new(policies: &str, schema: &str, policy: &Policy, grants: Arc<dyn Grants>) -> Result<Self, CedarError> {
        let policies: PolicySet = policies.parse().map_err(|error| CedarError::Policies(format!("{error}")))?;
        let (schema, _) =
            Schema::from_cedarschema_str(schema).map_err(|error| CedarError::Schema(error.to_string()))?;
        let validated = Validator::new(schema.clone()).validate(&policies, ValidationMode::Strict);
        if !validated.validation_passed() {
            let errors: Vec<String> = validated.validation_errors().map(ToString::to_string).collect();
            return Err(CedarError::Misfit(errors.join("; ")));
        }
        let entities = schema.action_entities().map_err(|error| CedarError::Schema(error.to_string()))?;
        Ok(Self { policies, schema, policy: policy.clone(), grants, entities, authorizer: Authorizer::new() })
    }

    async fn ask(&self, call: &ToolCall, session: &Session) -> Result<Verdict, CheckError> {
        let granted = match self.policy.server_of(&call.tool) {
            Some(server) => self.grants.granted(server).await.map_err(|error| CheckError(error.to_string()))?,
            None => None,
        };
        let granted = granted.map(|granted| granted.scopes).unwrap_or_default();
        // without an entry the guard has refused it before anybody was asked
        let Some(facts) = context(&self.policy, call, session, &granted) else { return Ok(Verdict::Abstain) };
        let failed = |error: &dyn fmt::Display| CheckError(format!("cedar cannot be asked: {error}"));
        let caller = session.caller().map(Caller::as_str).unwrap_or_default();
        let action = uid("Abide::Action", call.tool.as_str())?;
        let context = Context::from_json_value(facts, Some((&self.schema, &action))).map_err(|error| failed(&error))?;
        let (principal, resource) = (uid("Abide::Caller", caller)?, uid("Abide::Tool", call.tool.as_str())?);
        let request =
            Request::new(principal, action, resource, context, Some(&self.schema)).map_err(|error| failed(&error))?;
        let answer = self.authorizer.is_authorized(&request, &self.policies, &self.entities);
        // a policy that cannot be evaluated is passed over by Cedar; it could have been one that forbids
        if let Some(error) = answer.diagnostics().errors().next() {
            return Err(failed(error));
        }
        Ok(match answer.decision() {
            Decision::Allow => Verdict::Permit,
            Decision::Deny => Verdict::Deny(Denied::new(EventKind::ToolNotAllowed, "no Cedar policy permits it")),
        })
    }
}

#[async_trait]
impl Check for CedarCheck {
    fn name(&self) -> &'static str {
        "cedar"
    }

    async fn check(&self, call: &ToolCall, _tool: &ToolSpec, session: &Session) -> Result<Verdict, CheckError> {
        self.ask(call, session).await
    }
}

impl fmt::Debug for CedarCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CedarCheck").field("policies", &self.policies.policies().count()).finish_non_exhaustive()
    }
}

fn uid(kind: &str, id: &str) -> Result<EntityUid, CheckError> {
    let kind: EntityTypeName = kind.parse().map_err(|error| CheckError(format!("cedar has no `{kind}`: {error}")))?;
    Ok(EntityUid::from_type_name_and_id(kind, EntityId::new(id)))
}

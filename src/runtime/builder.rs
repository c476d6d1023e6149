use std::{collections::BTreeMap, sync::Arc};

use abide_base::{call::ToolName, secret::Secret};
use abide_guard::{Audit, Check, Guard, approval::Approver};
use abide_lm::Lm;
use abide_mcp::Boundary;

use super::{limits::Limits, runtime::Runtime, shared::Shared};
use crate::{
    Digest,
    adapter::{Adapter, Chat},
};

/// Builds a [`Runtime`]. Model and boundary are part of its type: without both there is no `build`.
#[must_use]
pub struct Builder<L, B> {
    lm: L,
    boundary: B,
    adapter: Arc<dyn Adapter>,
    audit: Audit,
    approver: Option<Arc<dyn Approver>>,
    checks: Vec<Arc<dyn Check>>,
    limits: Limits,
    secrets: Vec<Secret<String>>,
    pins: Option<BTreeMap<ToolName, Digest>>,
}

/// Stands in a builder's type for what has not been given.
#[derive(Debug)]
pub struct Missing;

impl Builder<Missing, Missing> {
    pub(super) fn new() -> Self {
        Self {
            lm: Missing,
            boundary: Missing,
            adapter: Arc::new(Chat),
            audit: Audit::discard(),
            approver: None,
            checks: Vec::new(),
            limits: Limits::default(),
            secrets: Vec::new(),
            pins: None,
        }
    }
}

impl<B> Builder<Missing, B> {
    /// The model.
    pub fn lm(self, lm: Arc<dyn Lm>) -> Builder<Arc<dyn Lm>, B> {
        let Self { lm: _, boundary, adapter, audit, approver, checks, limits, secrets, pins } = self;
        Builder { lm, boundary, adapter, audit, approver, checks, limits, secrets, pins }
    }
}

impl<L> Builder<L, Missing> {
    /// The boundary.
    pub fn boundary(self, boundary: Boundary) -> Builder<L, Boundary> {
        let Self { lm, boundary: _, adapter, audit, approver, checks, limits, secrets, pins } = self;
        Builder { lm, boundary, adapter, audit, approver, checks, limits, secrets, pins }
    }
}

impl<L, B> Builder<L, B> {
    /// How prompts are written; the chat format by default.
    pub fn adapter(mut self, adapter: impl Adapter + 'static) -> Self {
        self.adapter = Arc::new(adapter);
        self
    }

    /// One more secret to take out of everything that is written or shown, such as the key of the model.
    pub fn secret(mut self, secret: Secret<String>) -> Self {
        self.secrets.push(secret);
        self
    }

    /// Where decisions are written down; nowhere by default.
    pub fn audit(mut self, audit: Audit) -> Self {
        self.audit = audit;
        self
    }

    /// Who is asked where the boundary says `approval` or `overridable`; none by default, so that such calls are refused.
    pub fn approver(mut self, approver: impl Approver + 'static) -> Self {
        self.approver = Some(Arc::new(approver));
        self
    }

    /// One more rule that the guard asks. It can only refuse: what the boundary does not allow stays forbidden.
    pub fn check(mut self, check: impl Check + 'static) -> Self {
        self.checks.push(Arc::new(check));
        self
    }

    /// Calls only tools whose definitions have these digests, such as those that a compiled program
    /// [requires](crate::artifact::Requires::tools); by default whatever definition a server gives now.
    pub fn pinned(mut self, definitions: BTreeMap<ToolName, Digest>) -> Self {
        self.pins = Some(definitions);
        self
    }

    /// What one run may use.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }
}

impl Builder<Arc<dyn Lm>, Boundary> {
    /// The runtime.
    pub fn build(self) -> Runtime {
        let connections = self.boundary.connections();
        let (redactor, clock) = (connections.redactor().clone(), connections.clock().clone());
        let mut guard = Guard::new(self.boundary.policy(), Arc::new(self.boundary.clone()))
            .audit(self.audit)
            .redactor(redactor.clone())
            .clock(clock.clone());
        for check in self.checks {
            guard = guard.check(check);
        }
        if let Some(approver) = self.approver {
            guard = guard.approver(approver);
        }
        if let Some(pins) = self.pins {
            guard = guard.pinned(pins);
        }
        self.secrets.iter().for_each(|secret| redactor.keep(secret));
        Runtime::from_shared(Shared {
            lm: self.lm,
            adapter: self.adapter,
            guard: Arc::new(guard),
            redactor,
            boundary: self.boundary,
            limits: self.limits,
            clock,
        })
    }
}

impl Runtime {
    /// Starts building a runtime.
    pub fn builder() -> Builder<Missing, Missing> {
        Builder::new()
    }
}

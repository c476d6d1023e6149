//! What most programs use: `use abide::prelude::*;`.

pub use crate::{
    ProgramState, Signature, Tunable,
    artifact::{Artifact, Store},
    compile::{Compiled, Compiler},
    data::{Dataset, Example, Splits},
    evaluate::Evaluate,
    metric::{self, Metric, Score, Secured},
    module::{ChainOfThought, Module, Predict, Program, ReAct},
    optimizers::{BootstrapFewShot, BootstrapFewShotWithRandomSearch, Budget, LabeledFewShot, Optimizer},
    runtime::{CallError, Cx, Limits, Run, Runtime},
    tool::{Function, Toolbox},
};
pub use abide_guard::Audit;
pub use abide_lm as lm;
pub use abide_lm::Lm;
pub use abide_mcp::Boundary;

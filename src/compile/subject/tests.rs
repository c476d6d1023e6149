#![expect(clippy::unwrap_used, reason = "tests")]

use std::time::Duration;

use abide_base::secret::Secret;
use abide_guard::Oversight;

use super::*;
use crate::{
    module::Predict,
    testing::{Repeat, RepeatInput, RepeatOutput, ScriptedLm, runtime},
};

const SECRET: &str = "s3cr3t-of-the-crm";

#[tokio::test]
async fn secrets_reach_neither_the_proposer_nor_a_demonstration() {
    let lm = ScriptedLm::texts(["a better instruction"]);
    let runtime = runtime(lm.clone(), "");
    runtime.boundary().connections().redactor().learn(&Secret::new(SECRET.to_owned()));
    let program = Predict::<Repeat>::new();
    let example = |id: &str| Example::new(id, RepeatInput { word: SECRET.into() }, ());
    let data = Splits::new(Dataset::new(vec![example("a")]).unwrap(), Dataset::new(vec![example("b")]).unwrap());
    let metric = |_: &Example<RepeatInput, ()>, _: &Run<RepeatOutput>| true;
    let labeled = |_: &()| Some(Fields::new().with("echo", SECRET));
    let (slots, _) = slots_of(&program);
    let compilation = Compilation {
        runtime: &runtime,
        program: &program,
        teacher: &Teacher::Student,
        data: &data,
        metric: &metric,
        labeled: Some(&labeled),
        unsafe_demos: UnsafeDemos::Refuse,
        trials: TrialRunner { mode: Mode::DryRun, oversight: Oversight::Unattended, deadline: Duration::from_secs(60) },
        slots,
        running: Semaphore::new(1),
    };
    let path = compilation.slots.first().unwrap().path.clone();
    let demo = compilation.labeled(&path, 0).unwrap();
    assert_eq!(demo.inputs.get("word").unwrap(), "[redacted]");
    assert_eq!(demo.outputs.get("echo").unwrap(), "[redacted]");
    compilation.ask(&format!("improve on {SECRET}"), 0).await.unwrap();
    assert_eq!(lm.asked(), ["improve on [redacted]"]);
}

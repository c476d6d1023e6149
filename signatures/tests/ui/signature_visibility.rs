//! A field's own visibility is kept; without one it has that of the struct.

mod inner {
    /// Answer.
    #[derive(abide_derive::Signature)]
    #[signature(crate = "::abide_signatures", derive(Default))]
    pub struct Public {
        #[output]
        public: u8,
        #[output]
        pub(self) kept: u8,
    }

    /// Answer.
    #[derive(abide_derive::Signature)]
    #[signature(crate = "::abide_signatures")]
    struct Private {
        #[output]
        answer: u8,
    }
}

fn main() {
    let output = inner::PublicOutput::default();
    let _ = output.public;
    let _ = output.kept;
    let _: Option<inner::PrivateOutput> = None;
}

use std::path::Path;

/// Where relative paths start, and where secrets come from.
#[derive(Clone, Copy)]
pub(crate) struct LoadContext<'a> {
    pub(crate) base_dir: &'a Path,
    pub(crate) env: &'a dyn Fn(&str) -> Option<String>,
}

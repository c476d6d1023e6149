use std::path::Path;

/// Where relative paths start, and where secrets come from.
#[derive(Clone, Copy)]
pub(in crate::security) struct LoadContext<'a> {
    pub(in crate::security) base_dir: &'a Path,
    pub(in crate::security) env: &'a dyn Fn(&str) -> Option<String>,
}

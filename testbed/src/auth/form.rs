//! The form that a client posts.

use std::collections::BTreeMap;

use axum::http::{HeaderMap, header};
use url::form_urlencoded;

use super::problem::Problem;

pub(super) struct Form {
    pub(super) fields: BTreeMap<String, String>,
    pub(super) resources: Vec<String>,
}

impl Form {
    /// Parameters must not repeat (RFC 6749 section 3.2), but for `resource` (RFC 8707 section 2).
    /// Those without a value count as absent.
    pub(super) fn parse(headers: &HeaderMap, body: &[u8]) -> Result<Self, Problem> {
        let declared = headers
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split(';').next());
        if !declared.is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded")) {
            return Err(Problem::new("invalid_request", "send `application/x-www-form-urlencoded`"));
        }
        let mut form = Self { fields: BTreeMap::new(), resources: Vec::new() };
        for (name, value) in form_urlencoded::parse(body) {
            if value.is_empty() {
                continue;
            }
            if name == "resource" {
                form.resources.push(value.into_owned());
            } else if form.fields.insert(name.into_owned(), value.into_owned()).is_some() {
                return Err(Problem::new("invalid_request", "a parameter is repeated"));
            }
        }
        Ok(form)
    }

    pub(super) fn one(&self, name: &str) -> Option<&str> {
        self.fields.get(name).map(String::as_str)
    }
}

use std::{fs, io::Read, path::PathBuf};

use abide_base::secret::Secret;
use abide_guard::policy::Table;

use super::LoadContext;

/// A file with a secret in it is small.
const MAX_SECRET_BYTES: u64 = 64 * 1024;

/// The secret that a table names: of a variable of the environment, or of a file.
pub(super) fn secret(table: &Table<'_>, context: &LoadContext<'_>) -> Option<Secret<String>> {
    let named = (table.text("client_secret_env"), table.text("client_secret_file"));
    if table.takes("client_secret") {
        table.problem(
            "client_secret",
            "a secret must not stand in this file, because the file is read, copied and committed: put it into an environment \
             variable and name that with `client_secret_env`, or into a file and name that with `client_secret_file`; and \
             replace this secret, it may be known by now",
        );
        return None;
    }
    let found = match named {
        (Some(_), Some(_)) => {
            table.problem(
                "client_secret_file",
                "set only one of `client_secret_env` and `client_secret_file`",
            );
            return None;
        }
        (Some(name), None) => (context.env)(name).map(Secret::new).ok_or((
            "client_secret_env",
            format!("the environment variable `{name}` is not set: set it to the client secret"),
        )),
        (None, Some(path)) => {
            of_file(&context.base_dir.join(path)).map_err(|error| ("client_secret_file", error))
        }
        (None, None) => Err((
            "client_secret_env",
            "is missing: name the environment variable that holds the client secret, or a file with `client_secret_file`".into(),
        )),
    };
    match found {
        Ok(secret) if !secret.expose().trim().is_empty() => Some(secret),
        Ok(_) => {
            let key = ["client_secret_env", "client_secret_file"].into_iter().find(|key| table.has(key));
            table.problem(key.unwrap_or_default(), "names an empty secret: put the client secret there");
            None
        }
        Err((key, reason)) => {
            // a key of the wrong type has its problem already
            if !table.has(key) || table.text(key).is_some() {
                table.problem(key, reason);
            }
            None
        }
    }
}

/// The text of a file with a secret in it.
pub(super) fn of_file(path: &PathBuf) -> Result<Secret<String>, String> {
    let unreadable = |error: std::io::Error| {
        format!("the file `{}` cannot be read: {error}; paths start at the boundary file's folder", path.display())
    };
    let file = fs::File::open(path).map_err(unreadable)?;
    let mut text = zeroize::Zeroizing::new(String::new());
    file.take(MAX_SECRET_BYTES + 1).read_to_string(&mut text).map_err(unreadable)?;
    if text.len() as u64 > MAX_SECRET_BYTES {
        return Err(format!("the file `{}` has more than 64 KiB: it is not a secret", path.display()));
    }
    Ok(Secret::new(text.trim_end_matches(['\r', '\n']).to_owned()))
}

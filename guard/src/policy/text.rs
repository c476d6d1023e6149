use std::{
    fs::File,
    io::{self, Read},
    path::Path,
};

/// The text of a file of at most so many bytes; [`io::ErrorKind::FileTooLarge`] where it has more.
pub fn read_text(path: &Path, limit: u64) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(limit.saturating_add(1)).read_to_string(&mut text)?;
    if text.len() as u64 > limit {
        let reason = format!("it has more than {} KiB", limit / 1024);
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, reason));
    }
    Ok(text)
}

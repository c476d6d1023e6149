//! What code under test logs.

use std::{
    io,
    sync::{Arc, Mutex},
};

use tracing::{Dispatch, subscriber::DefaultGuard};
use tracing_subscriber::{EnvFilter, fmt::MakeWriter};

/// Captures what this thread logs, until it is dropped.
///
/// `tracing` remembers for each place in the code whether any subscriber wants to hear of it. While there is one subscriber in the whole
/// process, it asks the thread that reaches the place first: a thread of another test, without a subscriber, answers "never", for all
/// threads. With a second subscriber it asks all of them, so there is one beside ours.
pub struct LogCapture {
    text: Text,
    _default: DefaultGuard,
    _second: Dispatch,
}

#[derive(Clone, Default)]
struct Text(Arc<Mutex<Vec<u8>>>);

impl LogCapture {
    /// Captures what passes a filter such as `abide=debug`.
    pub fn start(filter: &str) -> Self {
        let text = Text::default();
        let subscriber = tracing_subscriber::fmt().with_writer(text.clone()).with_ansi(false);
        let subscriber = subscriber.with_env_filter(EnvFilter::new(filter)).finish();
        let second = Dispatch::new(tracing::subscriber::NoSubscriber::default());
        Self { text, _default: tracing::subscriber::set_default(subscriber), _second: second }
    }

    /// What was logged since the start, or since this was asked last.
    pub fn take(&self) -> String {
        String::from_utf8(std::mem::take(&mut *self.text.0.lock().unwrap())).unwrap()
    }
}

impl io::Write for Text {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Text {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::LogCapture;

    fn warn(number: u32) {
        tracing::warn!(target: "abide::testing", "number {number}");
    }

    #[test]
    fn a_place_that_another_thread_reaches_first_is_captured_too() {
        let log = LogCapture::start("info");
        std::thread::spawn(|| warn(1)).join().unwrap();
        assert_eq!(log.take(), "", "another thread's words are not ours");
        warn(2);
        assert!(log.take().contains("number 2"));
        assert_eq!(log.take(), "");
    }
}

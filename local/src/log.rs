//! The log. Whatever `RUST_LOG` says, libraries log at `info` at most: below that they print what they are given, the SDK whole items
//! with names, addresses and ratings. Our own crates log no personal data.
//!
//! It is written by a thread of its own, so that a reader that is slow or gone costs no request and no vote.
//!
//! `tracing_subscriber` would write on the thread that logs, which blocks on a full pipe, and `tracing-appender` prints to
//! stdout when it ends in front of one, which panics if stdout is closed.

use std::{
    io::{self, Write},
    panic::PanicHookInfo,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

use tracing::{Level, Metadata};
use tracing_subscriber::{EnvFilter, filter::filter_fn, layer::SubscriberExt, util::SubscriberInitExt};

/// How many lines wait to be written. What comes then is dropped.
const WAITING: usize = 4_096;
/// How long the end of the program waits for lines that have not been written.
const LONGEST_END: Duration = Duration::from_secs(1);
const GLANCE: Duration = Duration::from_millis(5);

/// Writes lines in the background. Writing never fails and never waits: a line that cannot be taken is counted and dropped.
#[derive(Debug, Clone)]
pub(crate) struct Lines {
    sender: SyncSender<Vec<u8>>,
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    /// Lines that wait, or are being written.
    waiting: AtomicU64,
    /// Lines that were dropped since the last one that was written.
    dropped: AtomicU64,
}

impl Lines {
    /// Lines that a thread writes to `out`.
    pub(crate) fn to(out: impl Write + Send + 'static) -> io::Result<Self> {
        let (sender, lines) = sync_channel(WAITING);
        let counts = Arc::<Counts>::default();
        let of_thread = counts.clone();
        thread::Builder::new().name("log".into()).spawn(move || write_all(&lines, &of_thread, out))?;
        Ok(Self { sender, counts })
    }

    /// Waits until everything is written, but not for long.
    pub(crate) fn end(&self) {
        let deadline = Instant::now() + LONGEST_END;
        while self.counts.waiting.load(Ordering::Acquire) > 0 && Instant::now() < deadline {
            thread::sleep(GLANCE);
        }
    }
}

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.counts.waiting.fetch_add(1, Ordering::AcqRel);
        if self.sender.try_send(line.to_vec()).is_err() {
            self.counts.waiting.fetch_sub(1, Ordering::AcqRel);
            self.counts.dropped.fetch_add(1, Ordering::AcqRel);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn write_all(lines: &Receiver<Vec<u8>>, counts: &Counts, mut out: impl Write) {
    for line in lines {
        let dropped = counts.dropped.swap(0, Ordering::AcqRel);
        if write_line(&mut out, &line, dropped).is_err() {
            counts.dropped.fetch_add(dropped + 1, Ordering::AcqRel);
        }
        counts.waiting.fetch_sub(1, Ordering::AcqRel);
    }
}

fn write_line(out: &mut impl Write, line: &[u8], dropped: u64) -> io::Result<()> {
    if dropped > 0 {
        writeln!(out, "{dropped} lines of the log were dropped: it could not be written")?;
    }
    out.write_all(line)?;
    out.flush()
}

/// The program's log, until it is dropped.
#[derive(Debug)]
pub(crate) struct Log(Lines);

impl Log {
    /// Sends what is logged, and what panics say, to stderr.
    pub(crate) fn start() -> io::Result<Self> {
        let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_unset| EnvFilter::new("warn,dynoxide=error"));
        let lines = Lines::to(io::stderr())?;
        let log = Self(lines.clone());
        tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(move || lines.clone())
            // It would print what it cannot write, and panic if it cannot do that either.
            .log_internal_errors(false)
            .finish()
            .with(filter_fn(may_log))
            .init();
        // The hook that is there by default panics again if stderr is closed, and that ends the process.
        std::panic::set_hook(Box::new(log_panic));
        Ok(log)
    }
}

fn may_log(metadata: &Metadata<'_>) -> bool {
    *metadata.level() <= Level::INFO || is_ours(metadata.target())
}

/// Whether what has this target comes from our own crates.
fn is_ours(target: &str) -> bool {
    let (name, _) = target.split_once("::").unwrap_or((target, ""));
    name == "photovote" || name.starts_with("photovote_")
}

impl Drop for Log {
    fn drop(&mut self) {
        self.0.end();
    }
}

fn log_panic(panic: &PanicHookInfo<'_>) {
    let backtrace = std::backtrace::Backtrace::capture();
    let thread = thread::current();
    tracing::error!(thread = thread.name().unwrap_or_default(), %backtrace, "{panic}");
}

#[cfg(test)]
mod tests {
    use std::sync::{Condvar, Mutex, PoisonError};

    use super::*;

    /// Something to write to that can be closed, and that can make its writer wait.
    #[derive(Debug, Clone, Default)]
    struct Out(Arc<(Mutex<State>, Condvar)>);

    #[derive(Debug, Default)]
    struct State {
        written: Vec<u8>,
        fails: bool,
        blocks: bool,
        /// A writer has come to a write that blocks.
        reached: bool,
    }

    impl Out {
        fn set(&self, change: impl FnOnce(&mut State)) {
            change(&mut self.0.0.lock().unwrap_or_else(PoisonError::into_inner));
            self.0.1.notify_all();
        }

        fn wait_until_reached(&self) {
            let state = self.0.0.lock().unwrap();
            drop(self.0.1.wait_while(state, |state| !state.reached).unwrap());
        }

        fn written(&self) -> String {
            String::from_utf8(self.0.0.lock().unwrap().written.clone()).unwrap()
        }
    }

    impl Write for Out {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let mut state = self.0.0.lock().unwrap();
            state.reached = true;
            self.0.1.notify_all();
            let mut state = self.0.1.wait_while(state, |state| state.blocks).unwrap();
            if state.fails {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
            state.written.extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn every_crate_of_ours_is_told_from_libraries() {
        for target in ["photovote", "photovote::log", "photovote_edge::edge", "photovote_projection"] {
            assert!(is_ours(target), "{target}");
        }
        for target in ["", "dynoxide", "aws_smithy_runtime::client", "photovoter", "hyper::photovote", "log"] {
            assert!(!is_ours(target), "{target}");
        }
    }

    #[test]
    fn lines_are_written_in_order() {
        let out = Out::default();
        let mut lines = Lines::to(out.clone()).unwrap();
        for number in 0..100 {
            writeln!(lines, "{number}").unwrap();
        }
        lines.end();
        assert!(out.written().starts_with("0\n1\n2\n") && out.written().ends_with("99\n"));
    }

    #[test]
    fn unwritable_log_lines_are_counted_in_the_next_one() {
        let out = Out::default();
        out.set(|state| state.fails = true);
        let mut lines = Lines::to(out.clone()).unwrap();
        for _ in 0..3 {
            lines.write_all(b"lost\n").unwrap();
        }
        lines.end();
        out.set(|state| state.fails = false);
        lines.write_all(b"written\n").unwrap();
        lines.end();
        assert_eq!(out.written(), "3 lines of the log were dropped: it could not be written\nwritten\n");
    }

    #[test]
    fn a_reader_that_reads_nothing_makes_nobody_wait() {
        let out = Out::default();
        out.set(|state| state.blocks = true);
        let mut lines = Lines::to(out.clone()).unwrap();
        lines.write_all(b"first\n").unwrap();
        out.wait_until_reached();
        // One more than can wait.
        for _ in 0..=WAITING {
            lines.write_all(b"next\n").unwrap();
        }
        // It comes to an end, too.
        lines.end();
        out.set(|state| state.blocks = false);
        lines.end();
        let written = out.written();
        assert!(written.starts_with("first\n1 lines of the log were dropped"), "{}", &written[..80]);
        assert_eq!(written.matches("next\n").count(), WAITING);
    }
}

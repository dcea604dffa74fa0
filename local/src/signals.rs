//! The signals that ask the process to end.

use std::{io, process, thread, time::Duration};

use tokio::sync::watch;

/// How long a command may take to end in order. A server may take longer: it answers what is under way.
pub(crate) const COMMAND: Duration = Duration::from_secs(5);
/// What a server that does not end is given, until it is ended.
pub(crate) const SERVER: Duration = Duration::from_mins(1);

/// A signal by its number on Unix.
pub(crate) type Number = u8;

/// Waits for signals on a thread of its own, which nothing else can hold up.
#[derive(Debug, Clone)]
pub(crate) struct Signals(watch::Receiver<Option<Number>>);

impl Signals {
    /// From here on a first signal does not end the process: who [waits](Self::wait) for it does. A second one does, and so
    /// does the time given to end.
    pub(crate) fn listen(time: Duration) -> io::Result<Self> {
        let (tell, told) = watch::channel(None);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let mut signals = {
            let _context = runtime.enter();
            Pending::new()?
        };
        thread::Builder::new().name("signals".into()).spawn(move || {
            runtime.block_on(async {
                let first = signals.next().await;
                tell.send_replace(Some(first));
                let last = tokio::time::timeout(time, signals.next()).await.unwrap_or(first);
                process::exit(exit_code(last).into());
            });
        })?;
        Ok(Self(told))
    }

    /// Waits for the first signal.
    pub(crate) async fn wait(&self) -> Number {
        let mut told = self.0.clone();
        match told.wait_for(Option::is_some).await.map(|number| *number) {
            Ok(Some(number)) => number,
            // The thread runs as long as the process.
            _ => std::future::pending().await,
        }
    }
}

/// The exit code of a process that a signal has ended, as shells have it.
pub(crate) const fn exit_code(number: Number) -> u8 {
    128_u8.saturating_add(number)
}

#[cfg(unix)]
struct Pending {
    hangup: Option<tokio::signal::unix::Signal>,
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Pending {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};

        let hangup = (!is_ignored(1)).then(|| signal(SignalKind::hangup())).transpose()?;
        Ok(Self { hangup, interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    async fn next(&mut self) -> Number {
        let Self { hangup, interrupt, terminate } = self;
        let hung_up = async {
            match hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = hung_up => 1,
            _ = interrupt.recv() => 2,
            _ = terminate.recv() => 15,
        }
    }
}

/// Whether the program was started with this signal ignored, as `nohup` does: then it stays so. Only Linux tells.
#[cfg(unix)]
fn is_ignored(number: u32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (number - 1) & 1 == 1)
}

#[cfg(windows)]
struct Pending(tokio::signal::windows::CtrlC);

#[cfg(windows)]
impl Pending {
    fn new() -> io::Result<Self> {
        tokio::signal::windows::ctrl_c().map(Self)
    }

    async fn next(&mut self) -> Number {
        self.0.recv().await;
        2
    }
}

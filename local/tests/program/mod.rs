//! The program as it runs in a process of its own.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, ChildStderr, ChildStdout, Command, Stdio},
};

use aws_sdk_dynamodb::types::AttributeValue;
use photovote::{
    data_dir::DataDir,
    host::engine::{CONTROL, Durability, Engine},
};
use photovote_tests::Tables;

/// The program with its data in this directory.
pub(crate) fn photovote(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_photovote"));
    command.arg("--data-dir").arg(data).env_remove("RUST_LOG");
    command
}

/// A server that runs. It does not outlive its test.
pub(crate) struct Server {
    process: Child,
    /// Where it listens.
    pub(crate) url: String,
    /// The token of an administrator.
    pub(crate) token: String,
    _said: BufReader<ChildStdout>,
}

impl Server {
    /// Starts it on a free port, and waits until it says that it runs.
    pub(crate) fn start(data: &Path) -> Self {
        Self::start_with(&mut photovote(data))
    }

    /// Starts it as this command says.
    pub(crate) fn start_with(command: &mut Command) -> Self {
        let mut process = command.args(["--port", "0"]).stdout(Stdio::piped()).spawn().unwrap();
        let mut said = BufReader::new(process.stdout.take().unwrap());
        let (mut url, mut data, mut line) = (String::new(), String::new(), String::new());
        while url.is_empty() || data.is_empty() {
            line.clear();
            let read = said.read_line(&mut line).unwrap();
            assert_ne!(read, 0, "the server ended: {}", process.wait().unwrap());
            if let Some((address, _)) = line.trim().strip_prefix("API ").and_then(|rest| rest.split_once("/v1")) {
                address.trim().clone_into(&mut url);
            }
            if let Some(directory) = line.trim().strip_prefix("Data ") {
                directory.trim().clone_into(&mut data);
            }
        }
        let printed = photovote(Path::new(&data)).arg("token").stderr(Stdio::inherit()).output().unwrap();
        assert!(printed.status.success(), "there is no token");
        let token = String::from_utf8(printed.stdout).unwrap().trim_end().to_owned();
        Self { process, url, token, _said: said }
    }

    /// What it logs, if that goes into a pipe.
    pub(crate) fn log(&mut self) -> ChildStderr {
        self.process.stderr.take().unwrap()
    }

    /// The number of its process.
    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Asks it to stop, and sees that it does.
    pub(crate) fn stop(mut self) {
        let pid = self.process.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        assert_eq!(self.process.wait().unwrap().code(), Some(0));
    }

    /// Kills it, with no chance to finish anything.
    pub(crate) fn kill(&mut self) {
        // It is gone when this returns.
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        self.process.kill().ok();
        self.process.wait().ok();
    }
}

/// Lets two minutes pass for the mails that a server had claimed when it was killed.
pub(crate) async fn end_claims(data: &Path) {
    let engine = Engine::start(&DataDir::open(data).unwrap(), Durability::ProcessEnd).await.unwrap();
    let tables = Tables::at(engine.config());
    for mut item in tables.items(CONTROL).await.into_values().filter(|item| item.contains_key("claimed")) {
        let until: i64 = item["claimed"].as_n().unwrap().parse().unwrap();
        item.insert("claimed".to_owned(), AttributeValue::N((until - 120_001).to_string()));
        tables.put(CONTROL, item).await;
    }
    engine.stop().await;
}

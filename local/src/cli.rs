//! The command line.

mod options;

use std::{
    io::{self, IsTerminal, Write},
    net::SocketAddr,
    path::Path,
    process::ExitCode,
};

use clap::Parser;
use photovote_documents_read::Scope;
use photovote_domain::{ElectionId, Timestamp};
use serde::Serialize;
use url::Url;

use self::options::{Cli, CliOptions, Command, RebuildArgs, VotersCommand, VotersImportArgs};
use crate::{
    data_dir::{DataDir, DataDirError, Location},
    holder::Holder,
    host::issuer::{Issuer, IssuerError},
    host::sign_in::{LinkError, Links},
    log::{Lines, Log},
    operate::backup::{self, BackupError, Renditions, Target},
    operate::data_copy::Source,
    operate::leftovers,
    operate::personal_data::{self, PersonalDataError, Place},
    operate::rebuild::{self, FailedRebuild, Work},
    operate::status::{self, StatusError},
    operate::voters::{self, Access, List, VotersError},
    server::{Options, Server, StartError},
    signals::{self, Signals},
    supervisor::Ended,
};

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
enum CommandError {
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    #[error(transparent)]
    Issuer(#[from] IssuerError),
    #[error(transparent)]
    Link(#[from] LinkError),
    #[error(transparent)]
    Rebuild(#[from] FailedRebuild),
    #[error(transparent)]
    Status(#[from] StatusError),
    #[error(transparent)]
    Backup(#[from] BackupError),
    #[error(transparent)]
    PersonalData(#[from] PersonalDataError),
    #[error(transparent)]
    Voters(#[from] VotersError),
    #[error("the environment variable PHOTOVOTE_TOKEN has no token: set it to a token of an administrator")]
    NoToken,
    #[error("{0}: a server's address begins with https:// or http://")]
    NotHttp(Url),
    #[error("the server's address is damaged: {0}")]
    Address(#[from] url::ParseError),
    #[error("cannot run: {0}")]
    System(#[from] io::Error),
    #[error("{0}: the server has stopped; start it again")]
    Ended(#[from] Ended),
    #[error("stopped by signal {0}; nothing is left behind")]
    Signal(signals::Number),
}

/// Does what the command line says. A failure is one sentence on stderr and exit code 1; a command line that makes no sense
/// is exit code 2; a signal is 128 and its number.
pub fn run() -> ExitCode {
    let Cli { options, command } = Cli::parse();
    match start(options, command.unwrap_or(Command::Serve)) {
        Ok(()) => ExitCode::SUCCESS,
        // The reader has seen enough: `photovote status | head -1`.
        Err(CommandError::System(error)) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            // A closed stderr is no reason to fail in another way.
            writeln!(io::stderr(), "photovote: {error}").ok();
            match error {
                CommandError::Signal(number) => ExitCode::from(signals::exit_code(number)),
                _ => ExitCode::FAILURE,
            }
        }
    }
}

fn start(options: CliOptions, command: Command) -> Result<(), CommandError> {
    let _log = Log::start()?;
    if let Err(error) = leftovers::sweep(&options.location()) {
        tracing::warn!(%error, "copies of the data may have stayed behind in the data directory");
    }
    match command {
        Command::Serve => serve(options.server()),
        Command::Token { subject, groups, scopes } => token(options.location(), &Holder { subject, groups, scopes }),
        Command::SignIn => sign_in(options.location()),
        Command::Status { json } => status(&options.source(), json),
        Command::Export { file, events_table } => export(options.source(), events_table, &file),
        Command::Import { file, events_table, control_table, without_photographs } => {
            let renditions = if without_photographs { Renditions::Optional } else { Renditions::Needed };
            import(options.location(), events_table.zip(control_table), &file, renditions)
        }
        Command::PersonalData { election, json } => personal_data(&options.source(), election, json),
        Command::Rebuild(args) => rebuild(&options.server(), &args),
        Command::Voters(VotersCommand::Import(args)) => import_voters(options.location(), args),
    }
}

fn token(data_dir: Location, holder: &Holder) -> Result<(), CommandError> {
    let issuer = Issuer::open(&DataDir::existing(data_dir)?)?;
    let now = Timestamp::from_millis(jiff::Timestamp::now().as_millisecond());
    Ok(writeln!(io::stdout(), "{}", issuer.token_of(holder, now)?)?)
}

fn sign_in(data_dir: Location) -> Result<(), CommandError> {
    let links = Links::new(DataDir::existing(data_dir)?);
    let now = Timestamp::from_millis(jiff::Timestamp::now().as_millisecond());
    let link = links.make(links.address()?, now)?;
    Ok(writeln!(io::stdout(), "Sign in: {link}")?)
}

fn import_voters(data_dir: Location, args: VotersImportArgs) -> Result<(), CommandError> {
    let VotersImportArgs { file, election, url, subject, yes } = args;
    let access = match url {
        Some(url) if !matches!(url.scheme(), "http" | "https") => return Err(CommandError::NotHttp(url)),
        Some(url) => {
            let token = std::env::var("PHOTOVOTE_TOKEN").map_err(|_unset| CommandError::NoToken)?;
            Access { url, token }
        }
        None => {
            let dir = DataDir::existing(data_dir)?;
            let links = Links::new(dir.clone());
            let url = Url::parse(&format!("http://{}/", links.reachable_address()?))?;
            let now = Timestamp::from_millis(jiff::Timestamp::now().as_millisecond());
            let holder = Holder { subject, groups: Vec::new(), scopes: Vec::new() };
            Access { url, token: Issuer::open(&dir)?.token_of(&holder, now)? }
        }
    };
    wait(voters::import(&access, &List { file, election, yes }, &mut io::stdout()))
}

/// Waits for work in a runtime of its own. A signal ends the work, which cleans up after itself.
fn wait<T, E>(work: impl Future<Output = Result<T, E>>) -> Result<T, CommandError>
where
    CommandError: From<E>,
{
    let signals = Signals::listen(signals::COMMAND)?;
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        tokio::select! {
            done = work => Ok(done?),
            number = signals.wait() => Err(CommandError::Signal(number)),
        }
    })
}

fn status(source: &Source, json: bool) -> Result<(), CommandError> {
    let now = Timestamp::from_millis(jiff::Timestamp::now().as_millisecond());
    let status = wait(status::look(source, now))?;
    if json { as_json(&status) } else { Ok(status::write(&status, &mut io::stdout())?) }
}

fn export(source: Source, events_table: Option<String>, file: &Path) -> Result<(), CommandError> {
    let from = events_table.map_or(backup::Place::Directory(source), backup::Place::Table);
    let amount = wait(backup::export(&from, file))?;
    Ok(writeln!(io::stdout(), "exported {amount}")?)
}

fn import(
    data_dir: Location,
    tables: Option<(String, String)>,
    file: &Path,
    renditions: Renditions,
) -> Result<(), CommandError> {
    let to = match tables {
        Some((events, control)) => Target::Tables { events, control },
        None => Target::Directory(data_dir),
    };
    let amount = wait(backup::import(&to, file, renditions))?;
    Ok(writeln!(io::stdout(), "imported {amount}")?)
}

fn personal_data(source: &Source, election: ElectionId, json: bool) -> Result<(), CommandError> {
    let places = wait(personal_data::list(source, election))?;
    if json {
        return as_json(&places);
    }
    let mut out = io::stdout().lock();
    for Place { of, what, table, pk, sk, field } in places {
        writeln!(out, "{of}\t{what}\t{table}\t{pk}\t{sk}\t{field}")?;
    }
    Ok(())
}

fn as_json(value: &impl Serialize) -> Result<(), CommandError> {
    let json = serde_json::to_string_pretty(value).map_err(io::Error::other)?;
    Ok(writeln!(io::stdout(), "{json}")?)
}

fn rebuild(options: &Options, args: &RebuildArgs) -> Result<(), CommandError> {
    if let Some((events, control)) = args.events_table.as_deref().zip(args.control_table.as_deref()) {
        return wait(rebuild::control_of(events, control, &mut io::stdout()));
    }
    let scope = args.election.map_or(Scope::All, Scope::Election);
    let work = Work { task: args.task(), scope, settle: args.settle };
    wait(rebuild::run(&options.data_dir, options.durability, work, &mut io::stdout()))
}

fn serve(options: Options) -> Result<(), CommandError> {
    let signals = Signals::listen(signals::SERVER)?;
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        // What nobody reads must not hold the server up.
        let mut said = Lines::to(io::stdout())?;
        if !options.address.ip().is_loopback() {
            warn_of_the_world(options.address);
        }
        let server = Server::start(options).await?;
        let administrator = "admin".parse().map_err(io::Error::other)?;
        let secrets = if io::stdout().is_terminal() {
            Some(Secrets { token: server.token(&administrator)?, link: server.sign_in_link()? })
        } else {
            None
        };
        banner(&format!("http://{}", server.address()), server.data_dir(), secrets.as_ref(), &mut said)?;
        let failed = tokio::select! {
            _asked = signals.wait() => Ok(()),
            ended = server.failed() => Err(CommandError::Ended(ended)),
        };
        server.stop().await;
        failed
    })
}

fn warn_of_the_world(address: SocketAddr) {
    let ip = address.ip();
    tracing::warn!(
        "{ip} can be reached from other machines, and this is a development server: it speaks plain HTTP, and its \
         administrators' tokens are signed by a key in its data directory. Do not hold an election that matters on it."
    );
}

/// What lets its reader administer elections.
struct Secrets {
    /// An administrator's token.
    token: String,
    /// A link that signs an administrator in, once.
    link: String,
}

/// Says that the server runs. There are no secrets if stdout is no terminal: other users may be able to read a file or a journal.
fn banner(url: &str, data: &Path, secrets: Option<&Secrets>, out: &mut impl Write) -> io::Result<()> {
    let data = data.display();
    writeln!(
        out,
        "PhotoVote is running. Ctrl-C stops it.

  Page     {url}/
  API      {url}/v1   (described by {url}/v1/openapi.json)
  Photos   {url}/photos/
  Data     {data}
"
    )?;
    match secrets {
        Some(Secrets { token, link }) => writeln!(
            out,
            "Open this link in a browser. It signs you in once, within 15 minutes (`photovote sign-in` prints another):

  Sign in: {link}

An administrator's token for programs, good for 12 hours (`photovote token` prints another):

  TOKEN={token}
"
        )?,
        None => writeln!(
            out,
            "`photovote sign-in --data-dir '{data}'` prints a link that signs an administrator in.
An administrator's token is printed by `photovote token --data-dir '{data}'`; set TOKEN to it.
"
        )?,
    }
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(secrets: Option<&Secrets>) -> String {
        let mut out = Vec::new();
        banner("http://127.0.0.1:3000", Path::new("/data"), secrets, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_banner_shows_secrets_or_the_commands_for_them() {
        let secrets = Secrets { token: "ey.x.y".into(), link: "http://127.0.0.1:3000/admin#sign-in=s".into() };
        let shown = said(Some(&secrets));
        assert!(shown.contains("\n  TOKEN=ey.x.y\n") && !shown.contains("--data-dir"), "{shown}");
        assert!(shown.contains("\n  Sign in: http://127.0.0.1:3000/admin#sign-in=s\n"), "{shown}");
        let hidden = said(None);
        assert!(hidden.contains("`photovote token --data-dir '/data'`") && !hidden.contains("TOKEN="), "{hidden}");
        assert!(hidden.contains("`photovote sign-in --data-dir '/data'`") && !hidden.contains("#sign-in"), "{hidden}");
    }
}

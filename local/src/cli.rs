//! The command line.

use std::{
    io::{self, Write},
    net::{IpAddr, SocketAddr},
    num::NonZeroU32,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, Parser, Subcommand};
use photovote_document_store::Scope;
use photovote_domain::{ElectionId, Subject, Timestamp};
use serde::Serialize;

use crate::{
    backup::{self, Amount, BackupError, Target},
    consumer::Redelivery,
    data_copy::Source,
    data_dir::{DataDir, DataDirError},
    demo::{self, DemoError},
    engine::Durability,
    gateway::{Cors, Origin},
    holder::{Holder, Word},
    issuer::{Issuer, IssuerError},
    leftovers,
    log::{Lines, Log},
    personal_data::{self, PersonalDataError, Place},
    rebuild::{self, FailedRebuild, Task, Work},
    server::{CreationRules, Options, Server, StartError},
    signals::{self, Signals},
    status::{self, StatusError},
    supervisor::Ended,
};

/// Lets a group of people vote on photographs. Without a command it serves.
#[derive(Debug, Parser)]
#[command(name = "photovote", version)]
struct Cli {
    #[command(flatten)]
    options: CliOptions,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Args)]
struct CliOptions {
    /// The port to listen on; 0 is any that is free
    #[arg(long, global = true, default_value_t = 3000)]
    port: u16,
    /// The address to listen on
    #[arg(long, global = true, default_value = "127.0.0.1", value_name = "ADDRESS")]
    host: IpAddr,
    /// The directory that holds the data
    #[arg(long, global = true, default_value = ".photovote", value_name = "DIRECTORY")]
    data_dir: PathBuf,
    /// An origin whose pages may use the API, as `https://vote.example`, or * for all; can be repeated
    #[arg(long = "cors-origin", global = true, value_name = "ORIGIN")]
    cors_origins: Vec<Origin>,
    /// Do not wait for the disk with each write: several times as fast, but a power cut can take back votes that were
    /// acknowledged
    #[arg(long, global = true)]
    fast: bool,
    /// Where `status`, `export` and `personal-data` put a copy of the data while they run [default: the data directory]
    #[arg(long, global = true, value_name = "DIRECTORY")]
    copy_dir: Option<PathBuf>,
    /// Only members of this group create elections (`token --group`) [default: every administrator]
    #[arg(long, global = true, value_name = "NAME")]
    creators_group: Option<String>,
    /// Only tokens with this scope create elections (`token --scope`) [default: every token]
    #[arg(long, global = true, value_name = "NAME")]
    creators_scope: Option<String>,
    /// The most elections that one administrator may create, those that were deleted included [default: 1000]
    #[arg(long, global = true, value_name = "NUMBER")]
    elections_per_creator: Option<NonZeroU32>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the API
    Serve,
    /// Print an administrator's token, good for 12 hours
    Token {
        /// Who the administrator is: elections belong to who created them
        #[arg(long, default_value = "admin", value_name = "NAME")]
        subject: Subject,
        /// A group that they are in; can be repeated
        #[arg(long = "group", value_name = "NAME")]
        groups: Vec<Word>,
        /// What the token is good for; can be repeated
        #[arg(long = "scope", value_name = "NAME")]
        scopes: Vec<Word>,
    },
    /// Say how things stand, whether or not a server is running: events, elections, documents, queues, counts
    Status {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Write all events into a new file, whether or not a server is running
    Export {
        /// The file; it must not be there yet
        file: PathBuf,
        /// Those of this table in DynamoDB, instead of the data directory's
        #[arg(long, value_name = "NAME")]
        events_table: Option<String>,
    },
    /// Bring the elections of a file into a data directory that no server is running on
    Import {
        /// A file that `export` wrote
        file: PathBuf,
        /// Into this table in DynamoDB, instead of the data directory
        #[arg(long, value_name = "NAME", requires = "control_table")]
        events_table: Option<String>,
        /// The control table that belongs to it
        #[arg(long, value_name = "NAME", requires = "events_table")]
        control_table: Option<String>,
    },
    /// List where an election's personal data stand: tables, keys and fields, no values. While this runs, a copy of all data
    /// lies in the data directory or in --copy-dir
    PersonalData {
        /// The election's id
        #[arg(long, value_name = "ID")]
        election: ElectionId,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Hold an election of 200 voters on a server of its own, with a free port and a temporary directory, and check its
    /// results
    Demo,
    /// Build what is served from the events again, beside a server that runs or without one
    Rebuild(RebuildArgs),
}

#[derive(Debug, Args)]
struct RebuildArgs {
    /// One election instead of everything
    #[arg(long, value_name = "ID")]
    election: Option<ElectionId>,
    /// Commits per second, at most
    #[arg(long, default_value_t = 10_000, value_name = "COMMITS")]
    rate: u32,
    /// How long a server that runs may take to notice [default: 70, or 0 without one]
    #[arg(long, value_name = "SECONDS")]
    settle: Option<u32>,
    /// Serve again what was served before
    #[arg(long, conflicts_with_all = ["retire", "control"])]
    roll_back: bool,
    /// Delete what is not served any more, or was refused
    #[arg(long, conflicts_with = "control")]
    retire: bool,
    /// Build gates and guards again: with no server running
    #[arg(long, conflicts_with = "election")]
    control: bool,
    /// With --control: from this table in DynamoDB, those of the elections that lack a gate
    #[arg(long, value_name = "NAME", requires_all = ["control", "control_table"])]
    events_table: Option<String>,
    /// The control table that belongs to it
    #[arg(long, value_name = "NAME", requires = "events_table")]
    control_table: Option<String>,
}

impl RebuildArgs {
    fn task(&self) -> Task {
        match (self.roll_back, self.retire, self.control) {
            (true, ..) => Task::RollBack,
            (_, true, _) => Task::Retire,
            (.., true) => Task::Control,
            _ => Task::Rebuild { rate: self.rate },
        }
    }
}

impl CliOptions {
    fn source(self) -> Source {
        Source { copy_dir: self.copy_dir, ..Source::of(self.data_dir) }
    }

    fn server(self) -> Options {
        let origins = self.cors_origins.into_iter().map(|origin| match origin {
            Origin::Any => None,
            Origin::One(origin) => Some(origin),
        });
        let cors = match origins.collect::<Option<Vec<_>>>() {
            None => Cors::Everybody,
            Some(origins) if origins.is_empty() => Cors::Nobody,
            Some(origins) => Cors::Origins(origins),
        };
        let rules = CreationRules::default();
        let creation = CreationRules {
            group: self.creators_group,
            scope: self.creators_scope,
            most: self.elections_per_creator.unwrap_or(rules.most),
        };
        Options {
            creation,
            address: SocketAddr::new(self.host, self.port),
            data_dir: self.data_dir,
            cors,
            durability: if self.fast { Durability::ProcessEnd } else { Durability::PowerLoss },
            redelivery: Redelivery::default(),
        }
    }
}

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
    Demo(#[from] DemoError),
    #[error(transparent)]
    Rebuild(#[from] FailedRebuild),
    #[error(transparent)]
    Status(#[from] StatusError),
    #[error(transparent)]
    Backup(#[from] BackupError),
    #[error(transparent)]
    PersonalData(#[from] PersonalDataError),
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
    if let Err(error) = leftovers::sweep(&options.data_dir) {
        tracing::warn!(%error, "copies of the data may have stayed behind in the data directory");
    }
    match command {
        Command::Serve => serve(options.server()),
        Command::Token { subject, groups, scopes } => token(&options.data_dir, &Holder { subject, groups, scopes }),
        Command::Status { json } => status(&options.source(), json),
        Command::Export { file, events_table } => export(options.source(), events_table, &file),
        Command::Import { file, events_table, control_table } => {
            import(options.data_dir, events_table.zip(control_table), &file)
        }
        Command::PersonalData { election, json } => personal_data(&options.source(), election, json),
        Command::Demo => demo(options.server().durability),
        Command::Rebuild(args) => rebuild(&options.server(), &args),
    }
}

fn token(data_dir: &Path, holder: &Holder) -> Result<(), CommandError> {
    let issuer = Issuer::open(&DataDir::open(data_dir)?)?;
    let now = Timestamp::from_millis(jiff::Timestamp::now().as_millisecond());
    Ok(writeln!(io::stdout(), "{}", issuer.token_of(holder, now)?)?)
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
    let Amount { commits, streams } = wait(backup::export(&from, file))?;
    Ok(writeln!(io::stdout(), "exported {commits} commits of {streams} streams")?)
}

fn import(data_dir: PathBuf, tables: Option<(String, String)>, file: &Path) -> Result<(), CommandError> {
    let to = match tables {
        Some((events, control)) => Target::Tables { events, control },
        None => Target::Directory(data_dir),
    };
    let Amount { commits, streams } = wait(backup::import(&to, file))?;
    Ok(writeln!(io::stdout(), "imported {commits} commits of {streams} streams")?)
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

fn demo(durability: Durability) -> Result<(), CommandError> {
    let signals = Signals::listen(signals::SERVER)?;
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(async {
        let administrator = "admin".parse().map_err(io::Error::other)?;
        let stop = async {
            signals.wait().await;
        };
        Ok(demo::hold(&administrator, durability, stop, &mut io::stdout()).await?)
    })
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
        banner(&server, &mut said)?;
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

fn banner(server: &Server, out: &mut impl Write) -> Result<(), CommandError> {
    let subject: Subject = "admin".parse().map_err(io::Error::other)?;
    let (url, data, token) =
        (format!("http://{}", server.address()), server.data_dir().display(), server.token(&subject)?);
    writeln!(
        out,
        "PhotoVote is running. Ctrl-C stops it.

  API      {url}/v1   (described by {url}/v1/openapi.json)
  Photos   {url}/photos/
  Data     {data}

An administrator's token, good for 12 hours (`photovote token` prints another):

  TOKEN={token}

Create an election:

  curl -i {url}/v1/elections -H \"Authorization: Bearer $TOKEN\" \\
    -H 'Content-Type: application/json' -d '{{\"name\": \"Best photograph\"}}'
"
    )?;
    Ok(out.flush()?)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn parse(line: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(line.split(' '))
    }

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn options_stand_before_or_after_the_command() {
        for line in ["photovote --port 7 --data-dir d token", "photovote token --data-dir d --port 7"] {
            let Cli { options, command } = parse(line).unwrap();
            assert!(matches!(command, Some(Command::Token { subject, .. }) if subject.as_str() == "admin"));
            assert_eq!((options.port, options.data_dir), (7, PathBuf::from("d")));
        }
    }

    #[test]
    fn without_anything_it_serves_this_machine_only() {
        let Cli { options, command } = parse("photovote").unwrap();
        assert!(command.is_none());
        let options = options.server();
        assert_eq!(options.address.to_string(), "127.0.0.1:3000");
        assert_eq!(options.data_dir, PathBuf::from(".photovote"));
        assert_eq!(options.durability, Durability::PowerLoss);
        assert!(matches!(options.cors, Cors::Nobody));
    }

    #[test]
    fn origins_are_what_browsers_send() {
        let cors = |line: &str| parse(line).map(|cli| cli.options.server().cors);
        assert!(matches!(cors("photovote --cors-origin *").unwrap(), Cors::Everybody));
        let two = cors("photovote --cors-origin https://a.example --cors-origin http://localhost:5173").unwrap();
        assert!(matches!(two, Cors::Origins(origins) if origins == ["https://a.example", "http://localhost:5173"]));
        for bad in ["a.example", "https://a.example/", "https://a.example:443", "nonsense", "file:///x"] {
            cors(&format!("photovote --cors-origin {bad}")).unwrap_err();
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for line in [
            "photovote vote",
            "photovote rebuild --roll-back --retire",
            "photovote rebuild --election x",
            "photovote import file --events-table events",
            "photovote import file --control-table control",
            "photovote rebuild --events-table events --control-table control",
            "photovote rebuild --control --events-table events",
            "photovote --port 70000",
            "photovote --host nowhere",
            "photovote token --subject ",
        ] {
            assert_eq!(parse(line).unwrap_err().exit_code(), 2, "{line}");
        }
    }
}

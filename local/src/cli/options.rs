//! What can be written on the command line.

use std::{
    net::{IpAddr, SocketAddr},
    num::{NonZeroU32, NonZeroUsize},
    path::PathBuf,
};

use clap::{Args, Parser, Subcommand};
use photovote_domain::{ElectionId, Email, Name, Subject};
use url::{Host, Url};

use crate::{
    data_dir::Location,
    holder::Word,
    host::consumer::Redelivery,
    host::engine::Durability,
    host::gateway::{Cors, MAX_CONNECTIONS, Origin, Page, one_host},
    host::mails::{MailOptions, PageUrl},
    host::smtp::Smtp,
    operate::data_copy::Source,
    operate::rebuild::Task,
    server::{CreationRules, Options},
};

/// Lets a group of people vote on photographs. Without a command it serves.
#[derive(Debug, Parser)]
#[command(name = "photovote", version)]
pub(super) struct Cli {
    #[command(flatten)]
    pub(super) options: CliOptions,
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

/// The heading of the options that every command may need. Those of the server stand apart from them.
const DATA: &str = "Options of the data directory";

#[derive(Debug, Args)]
#[command(next_help_heading = "Options of the server")]
pub(super) struct CliOptions {
    /// The port to listen on; 0 is any that is free
    #[arg(long, global = true, default_value_t = 3000)]
    port: u16,
    /// The address to listen on
    #[arg(long, global = true, default_value = "127.0.0.1", value_name = "ADDRESS")]
    host: IpAddr,
    /// The directory that holds the data
    #[arg(long, global = true, default_value = ".photovote", value_name = "DIRECTORY", help_heading = DATA)]
    data_dir: PathBuf,
    /// Serve the page from this directory, anew for each request [default: the page in the program]
    #[arg(long, global = true, value_name = "DIRECTORY")]
    page: Option<PathBuf>,
    /// An origin whose pages may use the API, as `https://vote.example`, or * for all; can be repeated
    #[arg(long = "cors-origin", global = true, value_name = "ORIGIN")]
    cors_origins: Vec<Origin>,
    /// A further name or address by which clients may call the server, as `vote.example`; can be repeated
    #[arg(long = "allowed-host", global = true, value_name = "NAME", value_parser = one_host)]
    allowed_hosts: Vec<Host>,
    /// Where voters' links lead, as `https://vote.example.org` [default: where the server listens]
    #[arg(long, global = true, value_name = "ORIGIN")]
    page_url: Option<PageUrl>,
    /// Send mails through this server, as `smtps://user:password@mail.example.org` [default: mails become files in the outbox of the
    /// data directory]
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "PHOTOVOTE_SMTP",
        hide_env_values = true,
        requires = "mail_from"
    )]
    smtp: Option<Smtp>,
    /// The address that mails come from
    #[arg(long, global = true, value_name = "ADDRESS", env = "PHOTOVOTE_MAIL_FROM")]
    mail_from: Option<Email>,
    /// The name beside that address [default: PhotoVote]
    #[arg(long, global = true, value_name = "NAME")]
    mail_sender: Option<Name>,
    /// The most connections at a time; further clients wait
    #[arg(long, global = true, default_value_t = MAX_CONNECTIONS, value_name = "NUMBER")]
    max_connections: NonZeroUsize,
    /// Do not wait for the disk with each write: several times as fast, but a power cut can take back votes that were
    /// acknowledged
    #[arg(long, global = true)]
    fast: bool,
    /// Use the data directory even if other users can enter it or own it
    #[arg(long, global = true, help_heading = DATA)]
    insecure_data_dir: bool,
    /// Where `status`, `export` and `personal-data` put a copy of the data while they run [default: the data directory]
    #[arg(long, global = true, value_name = "DIRECTORY", help_heading = DATA)]
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
pub(super) enum Command {
    /// Serve the page and the API
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
    /// Print a link that signs the administrator `admin` in, once, on a server that is running
    SignIn,
    /// Say how things stand, whether or not a server is running: events, elections, documents, queues, counts
    Status {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Write all events into a new file, and the files of photographs into FILE.objects, whether or not a server is running
    Export {
        /// The file; it must not be there yet
        file: PathBuf,
        /// Those of this table in DynamoDB, instead of the data directory's
        #[arg(long, value_name = "NAME")]
        events_table: Option<String>,
    },
    /// Bring the elections of a file into a data directory that no server is running on
    Import {
        /// A file that `export` wrote, with the directory beside it
        file: PathBuf,
        /// Into this table in DynamoDB, instead of the data directory
        #[arg(long, value_name = "NAME", requires = "control_table")]
        events_table: Option<String>,
        /// The control table that belongs to it
        #[arg(long, value_name = "NAME", requires = "events_table")]
        control_table: Option<String>,
        /// Even if files that show photographs are missing
        #[arg(long)]
        without_photographs: bool,
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
    /// Build what is served from the events again, beside a server that runs or without one
    Rebuild(RebuildArgs),
    /// Voters of an election on a server that runs
    #[command(subcommand)]
    Voters(VotersCommand),
}

#[derive(Debug, Subcommand)]
pub(super) enum VotersCommand {
    /// Register the voters of a list: CSV, XLSX or ODS, with or without names
    Import(VotersImportArgs),
}

#[derive(Debug, Args)]
pub(super) struct VotersImportArgs {
    /// The list
    pub(super) file: PathBuf,
    /// The election's id: it stands in the address of the election's page, and below its settings
    #[arg(long, value_name = "ID")]
    pub(super) election: ElectionId,
    /// The address of another server, as `https://vote.example`; its token is in the environment variable `PHOTOVOTE_TOKEN`
    /// [default: the server that runs on the data directory]
    #[arg(long, value_name = "URL")]
    pub(super) url: Option<Url>,
    /// In whose name, on the server of the data directory
    #[arg(long, default_value = "admin", value_name = "NAME", conflicts_with = "url")]
    pub(super) subject: Subject,
    /// Register them without asking
    #[arg(long)]
    pub(super) yes: bool,
}

#[derive(Debug, Args)]
pub(super) struct RebuildArgs {
    /// One election instead of everything
    #[arg(long, value_name = "ID")]
    pub(super) election: Option<ElectionId>,
    /// Commits per second, at most
    #[arg(long, default_value_t = 10_000, value_name = "COMMITS")]
    rate: u32,
    /// How long a server that runs may take to notice [default: 70, or 0 without one]
    #[arg(long, value_name = "SECONDS")]
    pub(super) settle: Option<u32>,
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
    pub(super) events_table: Option<String>,
    /// The control table that belongs to it
    #[arg(long, value_name = "NAME", requires = "events_table")]
    pub(super) control_table: Option<String>,
}

impl RebuildArgs {
    /// What is to be done.
    pub(super) fn task(&self) -> Task {
        match (self.roll_back, self.retire, self.control) {
            (true, ..) => Task::RollBack,
            (_, true, _) => Task::Retire,
            (.., true) => Task::Control,
            _ => Task::Rebuild { rate: self.rate },
        }
    }
}

impl CliOptions {
    /// The data directory.
    pub(super) fn location(&self) -> Location {
        if self.insecure_data_dir { Location::insecure(self.data_dir.clone()) } else { self.data_dir.clone().into() }
    }

    /// What a command looks at.
    pub(super) fn source(self) -> Source {
        Source { data_dir: self.location(), copy_dir: self.copy_dir }
    }

    /// What a server is started with.
    pub(super) fn server(self) -> Options {
        let data_dir = self.location();
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
            page_url: self.page_url,
            mail: MailOptions { smtp: self.smtp, from: self.mail_from, sender: self.mail_sender },
            address: SocketAddr::new(self.host, self.port),
            data_dir,
            page: self.page.map_or_else(Page::default, Page::from),
            cors,
            allowed_hosts: self.allowed_hosts.into_iter().collect(),
            max_connections: self.max_connections,
            durability: if self.fast { Durability::ProcessEnd } else { Durability::PowerLoss },
            redelivery: Redelivery::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

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
        assert_eq!(options.data_dir, Path::new(".photovote").into());
        assert_eq!(options.durability, Durability::PowerLoss);
        assert!(matches!(options.cors, Cors::Nobody));
    }

    #[test]
    fn the_option_for_an_insecure_data_directory_is_read() {
        let options = parse("photovote status --insecure-data-dir --data-dir d").unwrap().options;
        assert_eq!(options.source().data_dir, Location::insecure("d"));
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
            "photovote --allowed-host http://a.example",
            "photovote --allowed-host a.example:3000",
            "photovote --allowed-host *",
            "photovote --max-connections 0",
            "photovote token --subject ",
            "photovote voters",
            "photovote voters import list.csv",
            "photovote voters import list.csv --election x",
            "photovote voters import list.csv --election 01ARZ3NDEKTSV4RRFFQ69G5FAV --url nowhere",
        ] {
            assert_eq!(parse(line).unwrap_err().exit_code(), 2, "{line}");
        }
    }
}

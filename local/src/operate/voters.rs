//! Importing a list of voters into a server that runs: `photovote voters import`. It uses the API, as a page does.

use std::{
    cell::Cell,
    error::Error,
    fs, io,
    io::{BufRead, IsTerminal, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};
use photovote_domain::{ElectionId, ImportId, import::MOST_BYTES};
use photovote_events::Environment;
use rand::RngExt;
use reqwest::{Client, Method, multipart};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use url::Url;

/// How often the import is asked for.
const GLANCE: Duration = Duration::from_millis(500);
/// How often a request is sent again that the server has put off, or that is lost.
const ATTEMPTS: u32 = 60;
/// How many rows are shown.
const SHOWN: usize = 5;

/// Why voters are not imported.
#[derive(Debug, thiserror::Error)]
pub enum VotersError {
    /// The file cannot be read.
    #[error("{} cannot be read: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// There is nothing in the file.
    #[error("{} is empty: name the file that has the list", .0.display())]
    Empty(PathBuf),
    /// The file is too large to be uploaded.
    #[error("{} has {bytes} bytes, and a list has {MOST_BYTES} at most: delete columns that are neither name nor address", path.display())]
    Size {
        /// The file.
        path: PathBuf,
        /// How many bytes it has.
        bytes: u64,
    },
    /// The server does not answer.
    #[error("the server does not answer: {}", root(.0))]
    Http(#[from] reqwest::Error),
    /// The server refuses.
    #[error("the server refuses: {0}")]
    Refused(String),
    /// The server answers something else than what it should.
    #[error("the server's answer is not understood: {0}")]
    Answer(#[from] serde_json::Error),
    /// The address of the upload makes no sense.
    #[error("the server's answer has no address to upload to: {0}")]
    Address(#[from] url::ParseError),
    /// The file cannot be used, or not in full.
    #[error("{0}")]
    Problem(String),
    /// Nobody can be asked.
    #[error("nobody can be asked whether to go on: say --yes")]
    NobodyToAsk,
    /// Nothing can be said.
    #[error("cannot run: {0}")]
    System(#[from] io::Error),
}

/// Which server is asked, and in whose name.
#[derive(Debug)]
pub struct Access {
    /// The server's address, without a path.
    pub url: Url,
    /// An administrator's token.
    pub token: String,
}

/// What is to be imported.
#[derive(Debug)]
pub struct List {
    /// The file.
    pub file: PathBuf,
    /// The election.
    pub election: ElectionId,
    /// Is nobody asked before voters are registered?
    pub yes: bool,
}

#[derive(Debug, Deserialize)]
struct Requested {
    upload: Option<Form>,
}

#[derive(Debug, Deserialize)]
struct Form {
    url: String,
    fields: Map<String, Value>,
}

#[derive(Debug, Deserialize)]
struct Import {
    status: String,
    problem: Option<Problem>,
    columns: Option<Value>,
    counts: Counts,
    sample: Vec<Sample>,
    rejected: Vec<Rejected>,
}

#[derive(Debug, Deserialize)]
struct Problem {
    detail: String,
}

#[derive(Debug, Clone, Copy, Deserialize)]
struct Counts {
    rows: u64,
    new: u64,
    already: u64,
    rejected: u64,
    imported: u64,
}

#[derive(Debug, Deserialize)]
struct Sample {
    name: String,
    email: String,
}

#[derive(Debug, Deserialize)]
struct Rejected {
    row: u64,
    detail: String,
    name: String,
    email: String,
}

/// Uploads a list, shows what it holds, asks, and waits until its voters are registered.
pub async fn import(access: &Access, list: &List, out: &mut impl Write) -> Result<(), VotersError> {
    let api = Api { client: Client::new(), access, reached: Cell::new(false) };
    let bytes = read(&list.file)?;
    let name = list.file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let imports = format!("v1/elections/{}/imports", list.election);
    // An answer that is lost does not make two imports.
    let key = format!("import-{:032x}", rand::rng().random::<u128>());
    // Ids begin with the time, so a list of imports is in their order.
    let id = ImportId::from_bits(Environment::system().timed_id());
    let request = json!({"id": id.to_string(), "name": name, "bytes": bytes.len()});
    let requested = api.send(Method::POST, &imports, Some(request), &key).await?;
    let Requested { upload } = serde_json::from_value(requested)?;
    if let Some(form) = upload {
        api.upload(&form, bytes).await?;
    }
    let path = format!("{imports}/{id}");
    let ready = api.wait(&path, &["awaiting_upload", "reading"], |_| {}).await?;
    if ready.status != "ready" {
        let said = ready.problem.map_or_else(|| format!("the import is {}", ready.status), |problem| problem.detail);
        return Err(VotersError::Problem(said));
    }
    show(&ready, out)?;
    let nobody = ready.counts.new == 0;
    let warned = if nobody { Ok(()) } else { warn(&api, list.election, out).await };
    let wanted = warned.and_then(|()| if list.yes || nobody { Ok(!nobody) } else { confirmed(ready.counts.new, out) });
    if !matches!(wanted, Ok(true)) {
        api.send(Method::POST, &format!("{path}/undo"), Some(json!({})), &format!("{key}-undo")).await?;
    }
    if nobody {
        writeln!(out, "There is nobody to register.")?;
        return Ok(());
    }
    if !wanted? {
        writeln!(out, "Nobody was registered.")?;
        return Ok(());
    }
    api.send(Method::POST, &format!("{path}/confirm"), Some(json!({})), &format!("{key}-confirm")).await?;
    let done = follow(&api, &path, ready.counts, out).await?;
    let Counts { imported, already, .. } = done.counts;
    writeln!(out, "Registered {}; {already} had been registered before.", counted(imported, "voter"))?;
    match done.problem {
        Some(problem) => Err(VotersError::Problem(problem.detail)),
        None => Ok(()),
    }
}

fn read(path: &Path) -> Result<Vec<u8>, VotersError> {
    let failed = |source| VotersError::File { path: path.to_owned(), source };
    let bytes = fs::metadata(path).map_err(failed)?.len();
    if bytes == 0 {
        return Err(VotersError::Empty(path.to_owned()));
    }
    if bytes > MOST_BYTES {
        return Err(VotersError::Size { path: path.to_owned(), bytes });
    }
    fs::read(path).map_err(failed)
}

/// Shows what a list holds.
fn show(import: &Import, out: &mut impl Write) -> Result<(), VotersError> {
    let Counts { rows, new, already, rejected, .. } = import.counts;
    let chosen = import.columns.as_ref().map(|columns| &columns["chosen"]);
    let name_of = |field: &str| {
        let index = usize::try_from(chosen?.get(field)?.as_u64()?).ok()?;
        Some(format!("{} in column {}", field.replace('_', " "), import.columns.as_ref()?["all"][index]["name"]))
    };
    let fields = ["name", "first_name", "last_name", "email"].into_iter().filter_map(name_of).collect::<Vec<_>>();
    writeln!(out, "{}: {new} new, {already} registered already, {rejected} refused.", counted(rows, "row"))?;
    let sheets = import.columns.as_ref().and_then(|columns| columns["sheets"].as_array());
    if let (Some(sheets), Some(chosen)) = (sheets.filter(|sheets| sheets.len() > 1), chosen) {
        let sheet = chosen["sheet"].as_u64().and_then(|index| sheets.get(usize::try_from(index).ok()?));
        let (sheet, all) = (sheet.unwrap_or(&Value::Null), sheets.len());
        writeln!(out, "Sheet {sheet}, one of {all}: the page lets you choose another.")?;
    }
    writeln!(out, "Read: {}.", fields.join(", "))?;
    for Sample { name, email } in import.sample.iter().take(SHOWN) {
        writeln!(out, "  {name} <{email}>")?;
    }
    more(rows - rejected, import.sample.len().min(SHOWN), out)?;
    if rejected > 0 {
        writeln!(out, "Refused:")?;
    }
    for Rejected { row, detail, name, email } in &import.rejected {
        let cells = [name, email].into_iter().filter(|cell| !cell.is_empty()).map(String::as_str).collect::<Vec<_>>();
        let cells = if cells.is_empty() { String::new() } else { format!(" ({})", cells.join(", ")) };
        writeln!(out, "  row {row}{cells}: {detail}")?;
    }
    more(rejected, import.rejected.len(), out)
}

/// Says what the registration sets off that cannot be taken back.
async fn warn(api: &Api<'_>, election: ElectionId, out: &mut impl Write) -> Result<(), VotersError> {
    let election = api.send(Method::GET, &format!("v1/elections/{election}"), None, "").await?;
    match (election["status"].as_str(), election["links"].as_str()) {
        (Some("draft"), Some("invite")) => writeln!(out, "They get their links by mail when voting opens.")?,
        (Some("draft"), _) => writeln!(out, "Their links are not shown here: make new links on the page to hand out.")?,
        (_, Some("invite")) => {
            writeln!(out, "Voting is open: each of them gets a link by mail at once. This import cannot be undone.")?;
        }
        _ => writeln!(out, "Voting is open: this import cannot be undone.")?,
    }
    Ok(())
}

/// Says how many are not shown.
fn more(all: u64, shown: usize, out: &mut impl Write) -> Result<(), VotersError> {
    match all.saturating_sub(shown as u64) {
        0 => Ok(()),
        rest => Ok(writeln!(out, "  and {rest} more")?),
    }
}

fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// Asks whether voters are to be registered.
fn confirmed(count: u64, out: &mut impl Write) -> Result<bool, VotersError> {
    if !io::stdin().is_terminal() {
        return Err(VotersError::NobodyToAsk);
    }
    write!(out, "Register {count}? [y/N] ")?;
    out.flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// Waits until all voters are registered, and shows how far that is.
async fn follow(api: &Api<'_>, path: &str, counts: Counts, out: &mut impl Write) -> Result<Import, VotersError> {
    if io::stderr().is_terminal() {
        let style = ProgressStyle::with_template("{bar:40} {pos}/{len}, {eta} left");
        let style = style.unwrap_or_else(|_| ProgressStyle::default_bar());
        let bar = ProgressBar::new(counts.new).with_style(style);
        let done = api.wait(path, &["importing"], |import| bar.set_position(import.counts.imported)).await;
        bar.finish_and_clear();
        return done;
    }
    let mut said = 0;
    let mut failed = Ok(());
    let done = api.wait(path, &["importing"], |import| {
        let imported = import.counts.imported;
        // A line for each tenth.
        if failed.is_ok() && imported >= said + counts.new.div_ceil(10) {
            failed = writeln!(out, "{imported} of {}", counts.new).and_then(|()| out.flush());
            said = imported;
        }
    });
    let done = done.await?;
    failed?;
    Ok(done)
}

/// What lies behind an error: "connection refused", for one.
fn root(error: &dyn Error) -> &dyn Error {
    error.source().map_or(error, root)
}

struct Api<'a> {
    client: Client,
    access: &'a Access,
    /// It was reached once, so it comes back.
    reached: Cell<bool>,
}

impl Api<'_> {
    /// Sends a request, and again if the server puts it off.
    async fn send(&self, method: Method, path: &str, body: Option<Value>, key: &str) -> Result<Value, VotersError> {
        let url = self.access.url.join(path)?;
        for attempt in 1.. {
            let request = self.client.request(method.clone(), url.clone()).bearer_auth(&self.access.token);
            let request = match &body {
                Some(body) => request.header("idempotency-key", key).json(body),
                None => request,
            };
            let answer = match request.send().await {
                Ok(answer) => answer,
                Err(error) if attempt >= ATTEMPTS || error.is_builder() => return Err(error.into()),
                Err(error) if error.is_connect() && !self.reached.get() => return Err(error.into()),
                Err(_lost) => {
                    tokio::time::sleep(GLANCE).await;
                    continue;
                }
            };
            self.reached.set(true);
            let status = answer.status();
            if (status == 503 || status == 429) && attempt < ATTEMPTS {
                tokio::time::sleep(GLANCE).await;
                continue;
            }
            let text = answer.text().await?;
            if status.is_success() {
                return Ok(serde_json::from_str(&text)?);
            }
            let problem: Value = serde_json::from_str(&text).unwrap_or_default();
            let said = problem["detail"].as_str().map_or_else(|| status.to_string(), str::to_owned);
            return Err(VotersError::Refused(said));
        }
        Err(VotersError::Refused("it is too busy".to_owned()))
    }

    /// Sends a file by a form.
    async fn upload(&self, form: &Form, file: Vec<u8>) -> Result<(), VotersError> {
        let url = self.access.url.join(&form.url)?;
        let fields = form.fields.iter().fold(multipart::Form::new(), |fields, (name, value)| {
            fields.text(name.clone(), value.as_str().unwrap_or_default().to_owned())
        });
        // S3 takes what comes after the file as none of the form.
        let fields = fields.part("file", multipart::Part::bytes(file).file_name("list"));
        let answer = self.client.post(url).multipart(fields).send().await?;
        let status = answer.status();
        if status.is_success() { Ok(()) } else { Err(VotersError::Refused(format!("the upload is answered {status}"))) }
    }

    /// Asks for an import until it is in none of these statuses.
    async fn wait(&self, path: &str, while_in: &[&str], mut look: impl FnMut(&Import)) -> Result<Import, VotersError> {
        loop {
            let import: Import = serde_json::from_value(self.send(Method::GET, path, None, "").await?)?;
            look(&import);
            if !while_in.contains(&import.status.as_str()) {
                return Ok(import);
            }
            tokio::time::sleep(GLANCE).await;
        }
    }
}

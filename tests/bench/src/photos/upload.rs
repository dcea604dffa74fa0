//! How soon photographs are ready that are uploaded to a local server.

use std::{
    collections::HashMap,
    error::Error,
    fmt, fs,
    path::PathBuf,
    sync::Mutex,
    time::{Duration, Instant},
};

use futures::{StreamExt, TryStreamExt, stream};
use photovote::{data_dir::temporary, host::engine::Durability, server::Server};
use photovote_tests::Client;
use serde_json::{Value, json};
use tokio::time::sleep;

use super::table;
use crate::options;

/// How many are uploaded.
const PHOTOGRAPHS: usize = 100;
/// How many are uploaded at a time, as by the page.
const AT_ONCE: usize = 3;
const BOUNDARY: &str = "photovote-bench-form";
const PERIOD: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_mins(15);

/// What was measured.
pub(super) struct Uploads {
    all_uploaded: Duration,
    all_ready: Duration,
    /// From the answer to the upload until the photograph is ready, in order.
    waits: Vec<Duration>,
}

impl Uploads {
    /// Uploads a hundred photographs, and waits until all are ready.
    pub(super) async fn measure(originals: &[PathBuf]) -> Result<Self, Box<dyn Error>> {
        let home = temporary()?;
        let server = Server::start(options(home.path(), Durability::PowerLoss)).await?;
        let url = format!("http://{}", server.address());
        let owner = Client::new(&url, Some(&server.token(&"owner".parse()?)?));
        let election = owner.post("/elections", json!({"name": "Photographs"})).await.ok().text_of("id");
        let path = format!("/elections/{election}/photographs");

        let (http, began) = (reqwest::Client::new(), Instant::now());
        let uploaded = Mutex::new(HashMap::new());
        let (owner, path, url, http, uploaded) = (&owner, &path, &url, &http, &uploaded);
        let upload = |original: PathBuf| async move {
            let id = upload(owner, path, url, http, &original).await?;
            uploaded.lock().expect("no upload panics").insert(id, Instant::now());
            Ok::<_, Box<dyn Error>>(())
        };
        let uploading = async {
            let all = originals.iter().cycle().take(PHOTOGRAPHS).cloned();
            stream::iter(all.map(upload)).buffer_unordered(AT_ONCE).try_collect::<()>().await?;
            Ok::<_, Box<dyn Error>>(began.elapsed())
        };
        let watching = watch(owner, path, began);
        let (all_uploaded, ready) = tokio::try_join!(uploading, watching)?;
        let uploaded = uploaded.lock().expect("no upload panics").clone();
        let wait = |(id, at): (String, Instant)| {
            uploaded.get(&id).map_or(Duration::ZERO, |from| at.saturating_duration_since(*from))
        };
        let mut waits: Vec<_> = ready.into_iter().map(wait).collect();
        waits.sort_unstable();
        let all_ready = began.elapsed();
        server.stop().await;
        Ok(Self { all_uploaded, all_ready, waits })
    }
}

/// Requests a form, and sends it. Returns the photograph's id.
async fn upload(
    owner: &Client,
    path: &str,
    url: &str,
    http: &reqwest::Client,
    original: &PathBuf,
) -> Result<String, Box<dyn Error>> {
    let bytes = fs::read(original)?;
    let requested = owner.post(path, json!({"name": "photograph.jpg", "bytes": bytes.len()})).await.ok();
    let form = requested.json()["upload"].clone();
    let target = form["url"].as_str().ok_or("the form has no url")?;
    let target = if target.starts_with('/') { format!("{url}{target}") } else { target.to_owned() };
    let answer = http
        .post(target)
        .header("content-type", format!("multipart/form-data; boundary={BOUNDARY}"))
        .body(body(&form["fields"], &bytes))
        .send()
        .await?;
    if answer.status().is_success() { Ok(requested.text_of("id")) } else { Err(answer.text().await?.into()) }
}

fn body(fields: &Value, file: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, value) in fields.as_object().into_iter().flatten() {
        let value = value.as_str().unwrap_or_default();
        body.extend(
            format!("--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").bytes(),
        );
    }
    let head = "content-disposition: form-data; name=\"file\"; filename=\"photograph.jpg\"";
    body.extend(format!("--{BOUNDARY}\r\n{head}\r\ncontent-type: image/jpeg\r\n\r\n").bytes());
    body.extend_from_slice(file);
    body.extend(format!("\r\n--{BOUNDARY}--\r\n").bytes());
    body
}

/// Waits until all photographs are ready, and writes down when each was.
async fn watch(owner: &Client, path: &str, began: Instant) -> Result<HashMap<String, Instant>, Box<dyn Error>> {
    let mut ready = HashMap::new();
    while ready.len() < PHOTOGRAPHS {
        if began.elapsed() > LONGEST {
            return Err(format!("{} of {PHOTOGRAPHS} are ready after {LONGEST:?}", ready.len()).into());
        }
        sleep(PERIOD).await;
        let list = owner.get(&format!("{path}?limit={PHOTOGRAPHS}")).await.ok().json();
        for photograph in list["items"].as_array().into_iter().flatten() {
            let id = photograph["id"].as_str().unwrap_or_default().to_owned();
            match photograph["status"].as_str() {
                Some("ready") => drop(ready.entry(id).or_insert_with(Instant::now)),
                Some("refused") => return Err(format!("refused: {photograph}").into()),
                _ => {}
            }
        }
    }
    Ok(ready)
}

impl fmt::Display for Uploads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = |hundredths: usize| {
            self.waits.get((self.waits.len() * hundredths).div_ceil(100).saturating_sub(1)).copied().unwrap_or_default()
        };
        let mut table = table(&["", "seconds"]);
        let rows = [
            ("all uploaded", self.all_uploaded),
            ("all ready", self.all_ready),
            ("from uploaded to ready, p50", at(50)),
            ("from uploaded to ready, p99", at(99)),
        ];
        for (name, time) in rows {
            table.add_row([name.to_owned(), format!("{:.1}", time.as_secs_f64())]);
        }
        write!(f, "{table}")
    }
}

//! Invitations that a local server mails when an election is opened.

use std::{
    error::Error,
    fs,
    path::Path,
    time::{Duration, Instant},
};

use photovote::{
    data_dir::temporary,
    host::{
        engine::Durability,
        mails::{MailOptions, OUTBOX},
    },
    server::{Options, Server},
};
use photovote_tests::{Client, Election};
use serde_json::json;
use tokio::time::sleep;

use super::{import, list, sink::Sink};
use crate::options;

/// How often mails are counted.
const PERIOD: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_mins(10);

/// Opens an election that invites so many voters. Answers how long it takes until everybody is mailed.
pub(super) async fn measure(voters: u32, through_smtp: bool) -> Result<Duration, Box<dyn Error>> {
    let (home, sink) = (temporary()?, Sink::start().await?);
    let smtp = if through_smtp { Some(format!("smtp://{}", sink.address).parse()?) } else { None };
    let mail = MailOptions { smtp, ..MailOptions::default() };
    let server = Server::start(Options { mail, ..options(home.path(), Durability::PowerLoss) }).await?;
    let owner = Client::new(&format!("http://{}", server.address()), Some(&server.token(&"owner".parse()?)?));
    let body = json!({"name": "Summer", "links": "invite", "contact": "club@example.org"});
    let election = Election::draft_of(owner, body, &[2]).await;
    let path = import::upload(&election, &list(voters)).await?;
    import::comes_to(&election, &path, "ready").await?;
    import::confirm(&election, &path).await?;

    let outbox = home.path().join(OUTBOX);
    let count = || if through_smtp { Ok(sink.taken()) } else { files(&outbox) };
    let began = Instant::now();
    election.post("/open", json!({})).await.status(200);
    while count()? < usize::try_from(voters)? {
        if began.elapsed() > LONGEST {
            return Err(format!("{} of {voters} mails are sent after {LONGEST:?}", count()?).into());
        }
        sleep(PERIOD).await;
    }
    let took = began.elapsed();
    server.stop().await;
    Ok(took)
}

/// Counts the mails in the outbox: a file that is being written has another name.
fn files(outbox: &Path) -> Result<usize, std::io::Error> {
    let mut count = 0;
    for entry in fs::read_dir(outbox)? {
        count += usize::from(entry?.path().extension().is_some_and(|ending| ending == "eml"));
    }
    Ok(count)
}

//! The demonstration: an election from its first draft to its released results, held over HTTP as anybody could.
//!
//! Two hundred voters rate ten photographs. The election is closed while ballots still arrive, so that the two race; whoever
//! loses comes too late and is told so. Then everything is checked: a ballot that was acknowledged is counted, once, and
//! nothing else is.

mod answers;
mod client;
mod count;
mod photographs;
mod report;
mod story;
mod voters;

use std::{future::Future, io, io::Write, net::Ipv4Addr};

use photovote_domain::Subject;

pub use self::client::{ClientError, Problem};
use self::{
    answers::{FinalResults, Turnout},
    client::Client,
};
use crate::{
    data_dir,
    host::consumer::Redelivery,
    host::engine::Durability,
    host::gateway::{AllowedHosts, Cors, MAX_CONNECTIONS, Page},
    host::issuer::IssuerError,
    server::{CreationRules, Options, Server, StartError},
};

/// Why the demonstration failed.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// There is no temporary directory for its data.
    #[error("the demonstration has no place for its data: {0}")]
    Home(#[source] io::Error),
    /// Its server does not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// There is no token for its administrator.
    #[error(transparent)]
    Issuer(#[from] IssuerError),
    /// A request came to nothing.
    #[error("the demonstration failed: {0}")]
    Client(#[from] ClientError),
    /// The count does not end.
    #[error("the results did not become final: {counted} of {cast} ballots are counted")]
    NeverFinal {
        /// Ballots counted so far.
        counted: u64,
        /// Ballots cast.
        cast: u64,
    },
    /// Somebody asked it to stop.
    #[error("the demonstration was interrupted")]
    Interrupted,
    /// Nobody reads what it prints.
    #[error("the report cannot be printed: {0}")]
    Report(#[source] io::Error),
    /// The votes do not balance.
    #[error("the demonstration found PhotoVote wrong: {0}")]
    Wrong(String),
}

/// What came of the election.
#[derive(Debug)]
struct Outcome {
    /// What the gates say.
    turnout: Turnout,
    /// How many voters hold a receipt.
    acknowledged: u64,
    /// How many were told that the election is closed.
    too_late: u64,
    /// How many of the receipts the public finds counted.
    receipts: u64,
    /// What the public sees.
    results: FinalResults,
    /// Where the results are not what the voters sent, a sentence each.
    disagreements: Vec<String>,
}

impl Outcome {
    /// Says what is wrong, if anything is.
    fn check(&self) -> Result<(), DemoError> {
        let Self { turnout, acknowledged, receipts, results, disagreements, .. } = self;
        if [turnout.cast, results.counted, *receipts] != [*acknowledged; 3] {
            return Err(DemoError::Wrong(format!(
                "{acknowledged} casts were acknowledged, {} are at the gates, {} ballots are counted, {receipts} receipts are known",
                turnout.cast, results.counted
            )));
        }
        match disagreements.first() {
            Some(disagreement) => Err(DemoError::Wrong(disagreement.clone())),
            None => Ok(()),
        }
    }
}

/// Holds the election on a server of its own, with a free port and a temporary directory, and prints what came of it. Nothing
/// is left behind, also when it is interrupted.
pub async fn hold(
    administrator: &Subject,
    durability: Durability,
    interrupted: impl Future<Output = ()>,
    out: &mut impl Write,
) -> Result<(), DemoError> {
    let home = data_dir::temporary().map_err(DemoError::Home)?;
    let server = Server::start(Options {
        address: (Ipv4Addr::LOCALHOST, 0).into(),
        data_dir: home.path().into(),
        page: Page::default(),
        cors: Cors::Nobody,
        allowed_hosts: AllowedHosts::default(),
        max_connections: MAX_CONNECTIONS,
        durability,
        redelivery: Redelivery::default(),
        creation: CreationRules::default(),
    })
    .await?;
    let told = tokio::select! {
        told = tell(&server, administrator) => told,
        () = interrupted => Err(DemoError::Interrupted),
    };
    server.stop().await;
    home.close().map_err(DemoError::Home)?;
    let outcome = told?;
    report::print(&outcome, out).map_err(DemoError::Report)?;
    outcome.check()
}

async fn tell(server: &Server, administrator: &Subject) -> Result<Outcome, DemoError> {
    let (url, token) = (format!("http://{}", server.address()), server.token(administrator)?);
    let client = Client::new(&url)?;
    story::tell(&client, client.administrator(&token), &url).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn outcome() -> Outcome {
        Outcome {
            turnout: Turnout { registered: 3, cast: 2 },
            acknowledged: 2,
            too_late: 1,
            receipts: 2,
            results: FinalResults { counted: 2, digest: String::new(), competitions: Vec::new() },
            disagreements: Vec::new(),
        }
    }

    #[test]
    fn an_outcome_that_balances_is_right() {
        outcome().check().unwrap();
    }

    #[test]
    fn a_vote_too_many_or_too_few_is_wrong() {
        let wrong: [fn(&mut Outcome); 5] = [
            |outcome| outcome.turnout.cast += 1,
            |outcome| outcome.results.counted -= 1,
            |outcome| outcome.receipts -= 1,
            |outcome| outcome.acknowledged += 1,
            |outcome| outcome.disagreements.push("Moon is not there".to_owned()),
        ];
        for (number, spoil) in wrong.iter().enumerate() {
            let mut outcome = outcome();
            spoil(&mut outcome);
            let refused = outcome.check().unwrap_err();
            assert!(matches!(refused, DemoError::Wrong(_)), "{number}");
            let mut printed = Vec::new();
            report::print(&outcome, &mut printed).unwrap();
        }
    }
}

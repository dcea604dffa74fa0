//! An election as a test holds it.

use serde_json::{Value, json};

use crate::{answer::Answer, client::Client, server::until};

/// An election on a host, and its owner.
#[derive(Debug, Clone)]
pub struct Election {
    /// The administrator who owns it.
    pub owner: Client,
    /// Its id.
    pub id: String,
    /// Its competitions.
    pub competitions: Vec<Competition>,
}

/// A competition of an election.
#[derive(Debug, Clone)]
pub struct Competition {
    /// Its id.
    pub id: String,
    /// Its candidates.
    pub candidates: Vec<Candidate>,
}

/// A candidate of a competition.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// A voter with their ballot token.
#[derive(Debug, Clone)]
pub struct Voter {
    /// The bearer of the ballot token.
    pub client: Client,
    /// The voter's id.
    pub id: String,
    /// The ballot token.
    pub token: String,
}

impl Election {
    /// Uploads a photograph, and waits until it is ready. Answers its id.
    pub async fn photograph(&self, name: &str) -> String {
        let file = include_bytes!("../../fuzz/corpus/photograph/rgb.png");
        let requested = self.post("/photographs", json!({"name": name, "bytes": file.len()})).await.status(201);
        let sent = self.owner.upload(&requested.json()["upload"], file).await;
        assert!(sent.is_success(), "{sent}");
        let id = requested.text_of("id");
        let path = self.path(&format!("/photographs/{id}"));
        let is_ready = async || {
            let answer = self.owner.get(&path).await;
            answer.status == 200 && answer.json()["status"] == "ready"
        };
        until("the photograph", is_ready).await;
        id
    }

    /// A draft with so many candidates in each competition.
    pub async fn draft(owner: Client, candidates: &[usize]) -> Self {
        Self::draft_of(owner, json!({"name": "Summer"}), candidates).await
    }

    /// The same, created as this body says.
    pub async fn draft_of(owner: Client, body: Value, candidates: &[usize]) -> Self {
        let created = owner.post("/elections", body).await.status(201);
        let first = created.version();
        let mut election = Self { owner, id: created.text_of("id"), competitions: Vec::new() };
        for (number, candidates) in candidates.iter().enumerate() {
            election.add_competition(&format!("Competition {number}"), *candidates).await;
        }
        // Each competition and each candidate is one event.
        let added = candidates.len() + candidates.iter().sum::<usize>();
        election.at(first + u64::try_from(added).expect("a number of events")).await.status(200);
        election
    }

    /// An open election with so many candidates in each competition.
    pub async fn open(owner: Client, candidates: &[usize]) -> Self {
        let election = Self::draft(owner, candidates).await;
        election.post("/open", json!({})).await.status(200);
        election
    }

    /// Adds a competition with so many candidates.
    pub async fn add_competition(&mut self, name: &str, candidates: usize) {
        let id = self.post("/competitions", json!({"name": name})).await.status(201).text_of("id");
        let mut competition = Competition { id, candidates: Vec::new() };
        for number in 0..candidates {
            let name = format!("Photograph {number}");
            let path = format!("/competitions/{}/candidates", competition.id);
            let id = self.post(&path, json!({"name": name})).await.status(201).text_of("id");
            competition.candidates.push(Candidate { id, name });
        }
        self.competitions.push(competition);
    }

    /// The path of a thing of this election.
    pub fn path(&self, rest: &str) -> String {
        format!("/elections/{}{rest}", self.id)
    }

    /// The owner's POST.
    pub async fn post(&self, rest: &str, body: Value) -> Answer {
        self.owner.post(&self.path(rest), body).await
    }

    /// The owner's GET.
    pub async fn get(&self, rest: &str) -> Answer {
        self.owner.get(&self.path(rest)).await
    }

    /// The election, when it has come to this version.
    pub async fn at(&self, version: u64) -> Answer {
        self.owner.get_at(&self.path(""), version).await
    }

    /// All candidates' ids.
    pub fn candidates(&self) -> Vec<String> {
        self.competitions.iter().flat_map(|c| &c.candidates).map(|candidate| candidate.id.clone()).collect()
    }

    /// Gives an administrator a role.
    pub async fn appoint(&self, subject: &str, role: &str) {
        let path = self.path(&format!("/administrators/{subject}"));
        self.owner.put(&path, json!({"role": role})).await.status(200);
    }

    /// Registers a voter.
    pub async fn voter(&self, name: &str) -> Voter {
        let email = format!("{name}@example.org");
        let answer = self.post("/voters", json!({"name": name, "email": email})).await.status(201);
        let token = answer.text_of("ballot_token");
        Voter { client: self.owner.with_token(&token), id: answer.text_of("id"), token }
    }

    /// Registers so many voters.
    pub async fn voters(&self, count: usize) -> Vec<Voter> {
        let mut voters = Vec::new();
        for number in 0..count {
            voters.push(self.voter(&format!("voter-{number}")).await);
        }
        voters
    }

    /// The results once they are final. They become so soon after the close.
    pub async fn final_results(&self, version: u64) -> Value {
        loop {
            let results = self.owner.get_at(&self.path("/results"), version).await.status(200).json();
            match results["status"].as_str() {
                Some("final") => return results,
                Some("counting") => tokio::task::yield_now().await,
                _ => panic!("{results}"),
            }
        }
    }

    /// The public results once they are there. They become so soon after the release.
    pub async fn public_results(&self, anybody: &Client) -> Answer {
        loop {
            let answer = anybody.get(&format!("/public/elections/{}/results", self.id)).await;
            match answer.status.as_u16() {
                404 => tokio::task::yield_now().await,
                _ => return answer.status(200),
            }
        }
    }
}

impl Voter {
    /// Rates candidates.
    pub async fn rate(&self, ratings: Value) -> Answer {
        self.client.put("/ballot/ratings", json!({"ratings": ratings})).await
    }

    /// Casts the ballot.
    pub async fn cast(&self) -> Answer {
        self.client.post("/ballot/cast", json!({})).await
    }

    /// Casts the ballot with ratings.
    pub async fn cast_with(&self, ratings: Value) -> Answer {
        self.client.post("/ballot/cast", json!({"ratings": ratings})).await
    }
}

//! The dearest ballot that there can be: 2,000 candidates, all rated, saved as often as a draft can be.

use photovote_domain::ballot::max_saves;
use photovote_test_support::Sender;
use serde_json::{Map, Value, json};

use super::{
    VOTER, path,
    world::{ELECTION, OWNER, Request, World},
};

/// The most candidates that an election has.
const CANDIDATES: u16 = 2_000;
/// The most read units that one request of a voter takes.
const MOST: usize = 100;
/// The most for whoever shows a wrong token.
const MOST_FOR_STRANGERS: usize = 2;

#[tokio::test]
async fn the_dearest_ballot_is_read_within_its_budget() {
    let world = World::new().await;
    let (commands, booth, queries) = (world.election_commands(), world.ballot_commands(), world.queries());
    let prepare = async |path: &str, body| world.prepare(&commands, OWNER, Request("POST", path, &body)).await;
    prepare("/elections", json!({"id": ELECTION, "name": "Summer"})).await;
    let candidates = world.add_candidates(CANDIDATES).await;
    prepare(&path("{e}/open"), json!({})).await;
    let mut tokens = Vec::new();
    for (id, name) in [(VOTER, "grace"), ("01ARZ3NDEKTSV4RRFFQ69G5FAW", "ada"), ("01ARZ3NDEKTSV4RRFFQ69G5FAX", "early")]
    {
        let voter = json!({"id": id, "name": name, "email": format!("{name}@example.org")});
        tokens.push(prepare(&path("{e}/voters"), voter).await.json["ballot_token"].as_str().unwrap().to_owned());
    }
    let [grace, ada, early] = tokens.try_into().unwrap();
    let saves = max_saves(CANDIDATES.into());
    for token in [&grace, &ada] {
        world.save_draft(token, &"4".repeat(CANDIDATES.into()), saves).await;
    }
    // So that election and gates have just been seen.
    let seen = async || {
        world.prepare(&booth, Sender::Bearer(&early), Request("PUT", "/ballot/ratings", &json!({"ratings": {}}))).await;
        world.prepare(&queries, Sender::Bearer(&early), Request("GET", "/ballot", &Value::Null)).await;
    };
    let wrong = |token: &str| format!("{}{}", &token[..token.len() - 64], "0".repeat(64));
    let asked = async |router, token: &str, request: Request<'_>, status| {
        seen().await;
        world.reads(router, Sender::Bearer(token), Some("key"), request, status).await
    };
    let ratings: Map<_, _> = candidates[..500].iter().map(|candidate| (candidate.clone(), 3.into())).collect();
    let (show, clear) = (Value::Null, path(&format!("/ballot/ratings/{}", candidates[0])));
    let (rate, cast) = (json!({"ratings": ratings}), json!({}));
    let show = Request("GET", "/ballot", &show);
    let commands_of_a_voter = [
        (Request("PUT", "/ballot/ratings", &rate), 409),
        (Request("DELETE", &clear, &Value::Null), 409),
        (Request("POST", "/ballot/cast", &cast), 200),
    ];

    // A look at a draft takes its last commit.
    let (calls, read, _) = asked(&queries, &grace, show, 200).await;
    assert_eq!((calls, read), ([("Query".to_owned(), 1)].into(), 1));
    let strangers = async |token: &str| {
        let mut requests = vec![(&queries, show)];
        requests.extend(commands_of_a_voter.iter().map(|(request, _)| (&booth, *request)));
        for (router, request) in requests {
            let (_, read, _) = asked(router, token, request, 401).await;
            assert!(read <= MOST_FOR_STRANGERS, "{request:?}: {read}");
        }
    };
    strangers(&wrong(&grace)).await;
    // Also with the token that was replaced.
    let token = path(&format!("{{e}}/voters/{}/token", "01ARZ3NDEKTSV4RRFFQ69G5FAW"));
    let (_, read, _) = world.reads(&commands, OWNER, None, Request("POST", &token, &json!({})), 200).await;
    assert!(read <= MOST, "{read}");
    strangers(&ada).await;
    // At the bound it is only cast.
    for (request, status) in commands_of_a_voter {
        let (_, read, reply) = asked(&booth, &grace, request, status).await;
        assert!(read <= MOST, "{request:?}: {read}");
        assert!(status == 200 || reply.json["code"] == "too_many_changes", "{}", reply.text);
    }
    // Then a look takes its seal.
    let (calls, read, _) = asked(&queries, &grace, show, 200).await;
    assert_eq!((calls, read), ([("Query".to_owned(), 1)].into(), 1));
    strangers(&wrong(&grace)).await;
    let (_, read, _) = asked(&booth, &grace, Request("POST", "/ballot/cast", &rate), 200).await;
    assert_eq!(read, 1);
}

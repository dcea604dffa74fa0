//! Who may create elections, and how many.

use std::num::NonZeroU32;

use aws_sdk_dynamodb::types::AttributeValue;
use photovote::{
    holder::Holder,
    host::consumer::Redelivery,
    host::engine::CONTROL,
    server::{CreationRules, Server},
};
use photovote_tests::{Answer, Client, Tables, administrator, serve, serve_creating};
use reqwest::Method;
use serde_json::json;

fn at_most(most: u32) -> CreationRules {
    CreationRules { most: NonZeroU32::new(most).expect("a number"), ..CreationRules::default() }
}

async fn create(client: &Client, key: &str) -> Answer {
    let request = client.request(Method::POST, "/elections").header("idempotency-key", key);
    request.json(&json!({"name": "Summer", "expected_voters": 1})).send().await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_administrator_cannot_exceed_the_election_limit() {
    let home = photovote::data_dir::temporary().unwrap();
    let server = serve_creating(home.path(), at_most(3)).await;
    let ada = administrator(&server, "ada");
    let keys: Vec<_> = (0..9).map(|number| format!("key {number}")).collect();
    let answers = futures::future::join_all(keys.iter().map(|key| create(&ada, key))).await;
    let (created, refused): (Vec<_>, Vec<_>) = keys.iter().zip(answers).partition(|(_, answer)| answer.status == 201);
    assert_eq!((created.len(), refused.len()), (3, 6));
    for (key, answer) in refused {
        answer.refused(409, "too_many_elections");
        create(&ada, key).await.refused(409, "too_many_elections");
    }
    // Sent again, it is the same creation, and counts once.
    for (key, answer) in &created {
        assert_eq!(create(&ada, key).await.status(201).text_of("id"), answer.text_of("id"));
    }
    create(&administrator(&server, "bea"), "key").await.status(201);
    // Those that are deleted were created nonetheless.
    ada.delete(&format!("/elections/{}", created[0].1.text_of("id"))).await.status(200);
    create(&ada, "another").await.refused(409, "too_many_elections");

    // A counter that is lost comes back before the server starts.
    let lost = Tables::at(server.dynamodb()).lose(CONTROL, |pk, _| pk == "creations").await;
    assert_eq!(lost, 2);
    server.stop().await;
    let server = serve_creating(home.path(), at_most(4)).await;
    let ada = administrator(&server, "ada");
    create(&ada, "another").await.status(201);
    create(&ada, "one more").await.refused(409, "too_many_elections");
    server.stop().await;
    let server = serve(home.path(), Redelivery::default()).await;
    create(&administrator(&server, "ada"), "one more").await.status(201);
    server.stop().await;
}

fn holder(server: &Server, groups: &[&str], scopes: &[&str]) -> Client {
    let words = |words: &[&str]| words.iter().map(|word| word.parse().expect("a word")).collect();
    let holder = Holder { subject: "ada".parse().unwrap(), groups: words(groups), scopes: words(scopes) };
    Client::new(&format!("http://{}", server.address()), Some(&server.token_of(&holder).unwrap()))
}

#[tokio::test(flavor = "multi_thread")]
async fn creating_can_be_limited_to_a_group_and_a_scope() {
    let home = photovote::data_dir::temporary().unwrap();
    let rules = |group: Option<&str>, scope: Option<&str>| CreationRules {
        group: group.map(Into::into),
        scope: scope.map(Into::into),
        ..CreationRules::default()
    };
    let cases = [
        (rules(Some("creators"), None), [false, true, false, true]),
        (rules(None, Some("photovote/create")), [false, false, true, true]),
        (rules(Some("creators"), Some("photovote/create")), [false, false, false, true]),
        (CreationRules::default(), [true; 4]),
    ];
    let (group, scope) = (&["others", "creators"][..], &["openid", "photovote/create"][..]);
    for (rules, admitted) in cases {
        let server = serve_creating(home.path(), rules).await;
        let callers = [(&["creator"][..], &["photovote"][..]), (group, &[]), (&[], scope), (group, scope)];
        for ((groups, scopes), admitted) in callers.into_iter().zip(admitted) {
            let ada = holder(&server, groups, scopes);
            if admitted {
                let election = create(&ada, "one").await.status(201).text_of("id");
                ada.get(&format!("/elections/{election}?min_version=1")).await.status(200);
            } else {
                create(&ada, "one").await.refused(403, "creation_forbidden");
                // Whatever was sent.
                ada.post("/elections", json!({"name": 7})).await.refused(403, "creation_forbidden");
            }
        }
        server.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_election_has_at_most_2000_photographs() {
    let home = photovote::data_dir::temporary().unwrap();
    let server = serve(home.path(), Redelivery::default()).await;
    let ada = administrator(&server, "ada");
    let election = create(&ada, "key").await.status(201).text_of("id");
    let path = format!("/elections/{election}/photographs");
    let request = async |id: &str| ada.post(&path, json!({"id": id, "name": "a.jpg", "bytes": 1})).await;
    let ids = ["01ARZ3NDEKTSV4RRFFQ69G5FB1", "01ARZ3NDEKTSV4RRFFQ69G5FB2", "01ARZ3NDEKTSV4RRFFQ69G5FB3"];
    request(ids[0]).await.status(201);
    // As if there were 1,998 more.
    let tables = Tables::at(server.dynamodb());
    let mut gates = tables.items(CONTROL).await.into_iter().filter(|((_, sk), _)| sk == "gate");
    let (_, mut gate) = gates.next().unwrap();
    assert_eq!(gate.insert("photographs".to_owned(), number(1_999)), Some(number(1)));
    tables.put(CONTROL, gate).await;
    request(ids[1]).await.status(201);
    request(ids[2]).await.refused(409, "too_many_photographs");
    assert!(request(ids[1]).await.status(201).json()["upload"].is_object(), "its upload is awaited still");
    ada.delete(&format!("{path}/{}", ids[0])).await.status(200);
    request(ids[2]).await.status(201);
    server.stop().await;
}

fn number(number: u32) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

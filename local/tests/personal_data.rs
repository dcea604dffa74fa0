//! Where an election's personal data stand: the list against everything that is stored.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use photovote::{
    data_dir::temporary,
    host::engine::{CONTROL, DOCUMENTS, EVENTS},
};
use photovote_dynamodb::{Item, client};
use photovote_events::{ElectionSource, EventReader, Snapshots};
use photovote_events_append::SnapshotStore;
use photovote_tests::{Election, Tables};
use serde_json::{Value, json};

use crate::operator::{here, items, owner, refused, said};

/// The keys of all items of a table that hold a text somewhere.
fn holding(items: &[Item], text: &str) -> Vec<(String, String)> {
    fn holds(value: &AttributeValue, text: &str) -> bool {
        match value {
            AttributeValue::S(held) => held.contains(text),
            AttributeValue::B(bytes) => String::from_utf8_lossy(bytes.as_ref()).contains(text),
            AttributeValue::L(list) => list.iter().any(|value| holds(value, text)),
            AttributeValue::M(map) => map.iter().any(|(name, value)| name.contains(text) || holds(value, text)),
            _ => false,
        }
    }
    let holding = items.iter().filter(|item| item.values().any(|value| holds(value, text)));
    let key = |item: &Item, name| item[name].as_s().unwrap().clone();
    let mut keys: Vec<_> = holding.map(|item| (key(item, "pk"), key(item, "sk"))).collect();
    keys.sort();
    keys
}

#[tokio::test(flavor = "multi_thread")]
async fn exactly_the_places_of_personal_data_are_listed() {
    let home = temporary().unwrap();
    let server = here(home.path()).await;
    let election = Election::draft(owner(&server), &[2]).await;
    let photograph = election.photograph("by-grace.png").await;
    election.post("/open", json!({})).await.status(200);
    let registered = async |name: &str, email: &str| {
        let answer = election.post("/voters", json!({"name": name, "email": email})).await.status(201);
        answer.text_of("id")
    };
    let stays = registered("Grace-who-stays", "stays@example.org").await;
    let gone = registered("Alan-who-goes", "goes@example.org").await;
    election.owner.delete(&election.path(&format!("/voters/{gone}"))).await.status(200);
    election
        .owner
        .request(reqwest::Method::PUT, &election.path("/administrators/eve-the-editor"))
        .json(&json!({"role": "editor"}))
        .send()
        .await
        .status(200);
    // Another election's are not of this one.
    Election::open(owner(&server), &[2]).await.voter("ada").await;
    // The documents have followed.
    while !holding(&items(server.dynamodb(), DOCUMENTS).await, "goes@example.org").is_empty()
        || holding(&items(server.dynamodb(), DOCUMENTS).await, "eve-the-editor").is_empty()
        || holding(&items(server.dynamodb(), DOCUMENTS).await, "stays@example.org").is_empty()
        || holding(&items(server.dynamodb(), DOCUMENTS).await, "by-grace.png").is_empty()
    {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }

    // As if its stream were long.
    let tables = client(server.dynamodb(), None);
    let reader = EventReader::new(tables.clone(), EVENTS);
    let snapshots = Snapshots::new(&reader, CONTROL).of_streams_longer_than(1);
    SnapshotStore::new(tables, snapshots).load(election.id.parse().unwrap()).await.unwrap();

    let listed = said(home.path(), &["personal-data", "--election", &election.id, "--json"]);
    for value in ["stays@example.org", "goes@example.org", "Grace-who-stays", "Alan-who-goes", "by-grace"] {
        assert!(!listed.contains(value), "it tells places, and no values: {value}");
    }
    let listed: Vec<Value> = serde_json::from_str(&listed).unwrap();
    let places = |of: &str, what: &str, table: &str| {
        let text = |place: &Value, name: &str| place[name].as_str().unwrap().to_owned();
        let here = listed.iter().filter(|place| place["of"] == of && place["what"] == what && place["table"] == table);
        let mut keys: Vec<_> = here.map(|place| (text(place, "pk"), text(place, "sk"))).collect();
        keys.sort();
        keys.dedup();
        keys
    };
    for table in [EVENTS, CONTROL, DOCUMENTS] {
        let items = items(server.dynamodb(), table).await;
        for (id, name, email) in
            [(&stays, "Grace-who-stays", "stays@example.org"), (&gone, "Alan-who-goes", "goes@example.org")]
        {
            let of = format!("voter {id}");
            assert_eq!(places(&of, "name", table), holding(&items, name), "{table}");
            assert_eq!(places(&of, "email", table), holding(&items, email), "{table}");
            // What it is made of cannot be looked for.
            let hashed = if table == EVENTS { places(&of, "name", EVENTS) } else { Vec::new() };
            assert!(hashed.len() <= 1, "{hashed:?}");
            assert_eq!(places(&of, "name and email (hashed)", table), hashed, "{table}");
        }
        if table != CONTROL {
            let of = places("administrator eve-the-editor", "subject", table);
            assert_eq!(of, holding(&items, "eve-the-editor"), "{table}");
        }
    }
    let of = format!("author of photograph {photograph}");
    for table in [EVENTS, DOCUMENTS] {
        let there = holding(&items(server.dynamodb(), table).await, "by-grace.png");
        assert_eq!(places(&of, "file name", table), there, "{table}");
    }
    assert_eq!(places(&of, "picture", "photovote-renditions").len(), 2, "a JPEG and a WebP");
    assert_eq!(places(&of, "picture and what the camera wrote", "photovote-originals").len(), 1);
    let counters: Vec<_> = listed.iter().filter(|place| place["pk"] == "creations").collect();
    assert_eq!(counters.len(), 1, "who created the election: {counters:?}");
    let kept = vec![(format!("{}#snapshot", election.id), "00".to_owned())];
    assert_eq!(places("administrator eve-the-editor", "subject", CONTROL), kept);
    // What cannot be read is no reason to hide the rest, nor is it hidden.
    let mut snapshot =
        items(server.dynamodb(), CONTROL).await.into_iter().find(|item| item.contains_key("form")).unwrap();
    snapshot.insert("form".to_owned(), AttributeValue::N("0".to_owned()));
    Tables::at(server.dynamodb()).put(CONTROL, snapshot).await;
    let unread = said(home.path(), &["personal-data", "--election", &election.id, "--json"]);
    assert!(unread.contains("some administrators") && unread.contains(&stays), "{unread}");
    assert_eq!(places(&format!("voter {stays}"), "email (hashed)", CONTROL).len(), 1);
    assert_eq!(places(&format!("voter {gone}"), "email (hashed)", CONTROL).len(), 0, "the guard went with the voter");
    let of_election = |items: Vec<Item>| {
        let whole = items.into_iter().filter(|item| item["pk"].as_s().unwrap().starts_with(&election.id));
        holding(&whole.collect::<Vec<_>>(), "\"administrator\":\"admin\"")
    };
    // In the events, whoever commanded; as the creator, the subject stands once more in the first commit.
    assert_eq!(places("administrator admin", "subject", EVENTS), of_election(items(server.dynamodb(), EVENTS).await));
    assert_eq!(
        places("administrator admin", "network address", EVENTS).len(),
        of_election(items(server.dynamodb(), EVENTS).await).len()
    );
    let unknown = refused(home.path(), &["personal-data", "--election", "01ARZ3NDEKTSV4RRFFQ69G5FAV"]);
    assert!(unknown.contains("there is no election"), "{unknown}");
    server.stop().await;
}

//! Planning an election: local times become moments, and what prevents the opening is shown.

use photovote_tests::{Election, Host};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_shown_as_written_and_as_moments() {
    let host = Host::start().await;
    let election = Election::draft_of(host.owner(), json!({"name": "Summer", "links": "invite"}), &[2]).await;
    let plan = json!({
        "opens_at": "9000-07-01T18:00", "closes_at": "9000-07-08T18:00:00", "time_zone": "europe/berlin", "reminders": ["PT3H", "P2D"],
    });
    let version = election.owner.put(&election.path("/schedule"), plan).await.ok().version();
    let shown = election.owner.get_at(&election.path("/schedule"), version).await.ok().json();
    assert_eq!(shown["opens_at"], json!({"at": "9000-07-01T16:00:00Z", "local": "9000-07-01T18:00"}));
    assert_eq!(shown["closes_at"], json!({"at": "9000-07-08T16:00:00Z", "local": "9000-07-08T18:00"}));
    let reminders =
        json!([{"at": "9000-07-06T16:00:00Z", "before": "P2D"}, {"at": "9000-07-08T13:00:00Z", "before": "PT3H"}]);
    assert_eq!((&shown["reminders"], &shown["time_zone"]), (&reminders, &json!("Europe/Berlin")));
    assert_eq!(shown["rules"], shown["current_rules"]);
    assert_eq!(shown["prevented_by"], json!([{"code": "no_voters"}]));
    let seen = election.at(version).await.ok().json();
    assert_eq!(
        (&seen["opens_at"], &seen["closes_at"]),
        (&json!("9000-07-01T16:00:00Z"), &json!("9000-07-08T16:00:00Z"))
    );

    // A mail that is looked at before the opening says when voting will end, by the clocks of the plan.
    let preview = election.post("/mailings/preview", json!({"kind": "invitation"})).await.status(200).json();
    let text = preview["text"].as_str().unwrap();
    assert!(text.contains("18:00 (Europe/Berlin)") && text.contains("16:00 UTC"), "{text}");

    election.post("/voters", json!({"name": "Grace", "email": "grace@example.org"})).await.status(201);
    let shown = election.owner.get_at(&election.path("/schedule"), version).await.ok().json();
    assert_eq!(shown["prevented_by"], json!([]));
    let cleared = election.owner.put(&election.path("/schedule"), json!({"time_zone": "UTC"})).await.ok().version();
    let shown = election.owner.get_at(&election.path("/schedule"), cleared).await.ok().json();
    let nothing = ["opens_at", "closes_at", "time_zone", "rules"].map(|name| shown[name].clone());
    assert_eq!(nothing, [Value::Null, Value::Null, Value::Null, Value::Null]);
    host.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_plan_is_refused_and_changes_nothing() {
    let host = Host::start().await;
    let election = Election::draft(host.owner(), &[2]).await;
    let before = election.get("").await.json();
    let with = |field: &str, value: Value| {
        let mut plan =
            json!({"opens_at": "9000-01-01T18:00", "closes_at": "9000-01-08T18:00", "time_zone": "Europe/Berlin"});
        plan[field] = value;
        plan
    };
    for (field, value, code) in [
        ("opens_at", json!("9000-03-30T02:30"), "local_time_skipped"),
        ("opens_at", json!("8999-10-27T02:30"), "local_time_repeated"),
        ("opens_at", json!("9000-01-01T18:00+02:00"), "local_time_offset"),
        ("opens_at", json!("9000-01-01 18:00"), "invalid_value"),
        ("opens_at", json!("2020-01-01T18:00"), "opening_time_past"),
        ("closes_at", json!("9000-01-01T18:00"), "invalid_value"),
        ("time_zone", json!("Europe/Atlantis"), "invalid_value"),
        ("reminders", json!(["two days"]), "invalid_value"),
        ("reminders", json!(["P8D"]), "invalid_value"),
    ] {
        let refused = election.owner.put(&election.path("/schedule"), with(field, value)).await.refused(422, code);
        assert_eq!(refused.json()["field"], field);
    }
    let reminding = with("reminders", json!(["P2D"]));
    election.owner.put(&election.path("/schedule"), reminding).await.refused(409, "reminders_need_invitations");
    assert_eq!(election.get("").await.json(), before);
    host.stop().await;
}

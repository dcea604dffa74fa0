//! What each function may do, against all that it does.

use std::collections::{BTreeMap, BTreeSet};

use photovote_domain::{
    Timestamp,
    election::{ElectionCommand, Limit},
};
use photovote_events::Environment;
use serde_json::{Value, json};

use super::{
    answered,
    observer::{OWN, like},
    reading::{Function, Template, named, narrowed, whole},
    same, set,
    strangers::{DOCUMENTS, PUBLIC, Partitions},
    world::World,
};

/// One of the three resources with a wildcard: AWS has no narrower one for the list of a table's streams.
const STREAMS: &str = "${EventsTable.Arn}/stream/*";
/// Another: there are no resources in X-Ray.
const TRACES: &str = "*";
/// The third: a condition names the one sender, whether SES has verified the address, its domain or one above it.
const SENDERS: &str = "arn:${AWS::Partition}:ses:${AWS::Region}:${AWS::AccountId}:identity/*";

/// What the photo-processor reads: elections' own streams, and photographs.
const OF_PHOTOGRAPHS: [&str; 2] = ["??????????????????????????", "*#photographs"];

/// What the importer reads and appends to: elections' own partitions, and their shards.
const OF_VOTERS: [&str; 3] = ["??????????????????????????", "*#?", "*#??"];

const NOTHING: Value = Value::Null;

#[tokio::test]
async fn every_function_has_exactly_the_permissions_it_uses() {
    let template = Template::read();
    let mut world = World::new(&template).await;

    // An election whose documents are made by repair, and one whose documents the projector makes.
    hold_an_election(&mut world).await;
    let first = world.names["election"].clone();
    world.poison().await;
    let (records, range) = world.stream().await;
    let commit = &records[0]["dynamodb"]["Keys"];
    let commit = json!({"pk": commit["pk"]["S"], "sk": commit["sk"]["S"]});
    world.repair(&[&range, &commit]).await;
    hold_an_election(&mut world).await;
    let (mut records, _) = world.stream().await;
    let last = records.pop().unwrap();
    world.project(&[last]).await;
    world.project(&records).await;
    world.count().await;

    ask_for_everything(&mut world).await;
    world.send("DELETE /v1/elections/{election}", NOTHING).await;
    world.count().await;
    draft(&mut world).await;
    world.send("DELETE /v1/elections/{election}", NOTHING).await;

    // Of these the clock opens one, finishes one, and later closes those whose time has come.
    draft(&mut world).await;
    world.half_do(ElectionCommand::Open { closes_at: None }).await;
    draft(&mut world).await;
    world.send("POST /v1/elections/{election}/open", NOTHING).await;
    world.half_do(ElectionCommand::Close).await;
    draft(&mut world).await;
    world.send("POST /v1/elections/{election}/open", json!({"closes_at": "2999-01-01T12:00:00Z"})).await;
    world.close(Environment::system(), 1).await;
    // Another is to open in the year 2998, and has no voters then: its organiser is told. A photograph keeps it waiting as well.
    draft_of(&mut world, json!({"name": "Winter", "contact": "club@example.org"})).await;
    let photograph = json!({"name": "a.png", "bytes": 1_000});
    world.create("photograph", "POST /v1/elections/{election}/photographs", photograph).await;
    let plan = json!({"opens_at": "2998-01-01T12:00", "closes_at": "9000-01-01T12:00", "time_zone": "UTC"});
    world.send("PUT /v1/elections/{election}/schedule", plan).await;
    let dice = Environment::system();
    let thousand_years_later = || Timestamp::from_millis(64_000_000_000_000);
    world.close(Environment::new(thousand_years_later, move |bytes| *bytes = dice.random()), 1).await;

    // Another invites its voters.
    let (known, _) = world.stream().await;
    draft_of(&mut world, json!({"name": "Summer", "links": "invite"})).await;
    let voter = json!({"name": "Mary Jackson", "email": "mary@example.org"});
    world.create("voter", "POST /v1/elections/{election}/voters", voter).await;
    world.send("POST /v1/elections/{election}/open", NOTHING).await;
    let awaited = json!({"name": "members.csv", "bytes": 1_000});
    world.create("import", "POST /v1/elections/{election}/imports", awaited).await;
    let (records, _) = world.stream().await;
    world.invite(&records[known.len()..]).await;
    let (known, _) = world.stream().await;
    let mailings = "POST /v1/elections/{election}/mailings";
    world.create("mailing", mailings, json!({"kind": "reminder", "to": "not_cast"})).await;
    let again = json!({"kind": "invitation", "to": {"voters": [world.names["voter"]]}});
    world.create("mailing", mailings, again).await;
    let (records, _) = world.stream().await;
    world.invite(&records[known.len()..]).await;
    world.report().await;
    world.send("POST /v1/unsubscribe/{token}", NOTHING).await;
    world.send("GET /v1/elections/{election}/bounced", NOTHING).await;
    let routes = answered().into_iter().map(|(method, path, ..)| format!("{method} {path}"));
    same("routes that are taken here", &world.taken, &routes.collect());

    // Of all this, little was projected: the reconciler finds the rest, and what is wrong. Then all of it is built again.
    let found = world.reconcile().await;
    assert!(found.healed > 0 && found.asked > 0 && found.swept, "{found:?}");
    world.falsify(&first).await;
    let found = world.reconcile().await;
    assert!(found.asked > 0 && found.swept, "{found:?}");
    let begin = |scope: Value| json!({"begin": {"scope": scope, "settle_seconds": 0}});
    world.rebuild(begin(json!("all"))).await;
    world.rebuild(json!({"status": {}})).await;
    world.rebuild(json!({"roll_back": {"scope": "all"}})).await;
    world.rebuild(json!({"retire": {"scope": "all"}})).await;
    world.rebuild(begin(json!({"election": world.names["election"]}))).await;

    let (mut granted, mut needed) = (BTreeSet::new(), world.seen());
    for function in template.functions() {
        let with = |(resource, action)| (function.name().to_owned(), resource, action);
        granted.extend(function.grants().into_iter().map(with));
        needed.extend(in_its_name(&function).into_iter().map(with));
        let trusted = &function.role()["Properties"]["AssumeRolePolicyDocument"]["Statement"];
        let lambda =
            json!([{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]);
        assert_eq!(*trusted, lambda, "{}", function.name());
    }
    same("permissions", &granted, &bound(&needed));
    // Who serves strangers is bound to partitions that are public, and needs no others.
    let strangers = Partitions::of(&template.function("public-queries"));
    for (action, key) in world.keys("public-queries") {
        assert!(strangers.may(&action, &key), "{action} of {key}");
    }
    // So is who reads strangers' files: it reaches no ballot.
    for (action, key) in world.keys("photo-processor") {
        assert!(OF_PHOTOGRAPHS.iter().any(|pattern| like(pattern, &key)), "{action} of {key}");
    }
    // So is who reads strangers' lists: it reaches no photograph.
    for (action, key) in world.keys("importer") {
        let patterns = OF_VOTERS.iter().chain([&"*#imports"]);
        assert!(patterns.into_iter().any(|pattern| like(pattern, &key)), "{action} of {key}");
    }
    // The invitations read elections alone.
    for (action, key) in world.keys("invitations") {
        assert!(like(OWN[0], &key), "{action} of {key}");
    }
}

/// A function that asks for items of one kind alone is bound to them. One that asks for more may ask for all, except the one that serves
/// strangers, and those that read their files.
fn bound(needed: &BTreeSet<(String, String, String)>) -> BTreeSet<(String, String, String)> {
    let mut kinds: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for (function, resource, action) in needed {
        kinds.entry((function, resource, whole(action))).or_default().insert(action.as_str());
    }
    let one = |((function, resource, whole), kinds): ((&String, &String, &str), BTreeSet<&str>)| {
        if function == "public-queries" && resource == DOCUMENTS {
            return vec![(function.clone(), resource.clone(), narrowed(whole, &PUBLIC))];
        }
        if function == "photo-processor" && whole == "dynamodb:Query" {
            return vec![(function.clone(), resource.clone(), narrowed(whole, &OF_PHOTOGRAPHS))];
        }
        if function == "importer" && resource == "EventsTable.Arn" {
            return vec![(function.clone(), resource.clone(), narrowed(whole, &OF_VOTERS))];
        }
        // These ask for mails, imports and gates by statements of their own.
        let apart = ["audit-queries", "ballot-commands"].contains(&function.as_str()) && resource == "ControlTable.Arn";
        if function == "importer" || apart {
            return kinds.into_iter().map(|kind| (function.clone(), resource.clone(), kind.to_owned())).collect();
        }
        if function == "invitations" && whole == "dynamodb:Query" {
            return vec![(function.clone(), resource.clone(), narrowed(whole, &OWN))];
        }
        let action = if kinds.len() == 1 { kinds.into_iter().next().unwrap_or(whole) } else { whole };
        vec![(function.clone(), resource.clone(), action.to_owned())]
    };
    kinds.into_iter().flat_map(one).collect()
}

/// What Lambda does in a function's name, with the rights of its role: nothing of it is seen here.
fn in_its_name(function: &Function<'_>) -> BTreeSet<(String, String)> {
    let logs = format!("{}Logs.Arn", function.id);
    let mut done = BTreeSet::new();
    let mut may = |resource: &str, actions: &[&str]| {
        done.extend(actions.iter().map(|action| (resource.to_owned(), (*action).to_owned())));
    };
    // It writes the function's log, and its traces.
    may(&logs, &["logs:CreateLogStream", "logs:PutLogEvents"]);
    may(TRACES, &["xray:PutTraceSegments", "xray:PutTelemetryRecords"]);
    if function.variables().contains_key("UPLOAD_URL") {
        // S3 takes a form from whoever has it, as if the function sent it.
        may("${OriginalsBucket.Arn}/incoming/*", &["s3:PutObject"]);
        may("${OriginalsBucket.Arn}/lists/*", &["s3:PutObject"]);
    }
    for mapping in function.events("DynamoDB") {
        // It finds the stream, reads it, and names in a queue what it gave up.
        let reading = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"];
        may(&named(&mapping["Stream"]), &reading);
        may(STREAMS, &["dynamodb:ListStreams"]);
        may(&named(&mapping["DestinationConfig"]["OnFailure"]["Destination"]), &["sqs:SendMessage"]);
    }
    for mapping in function.events("SQS") {
        // It takes messages, counts them, and removes those that were worked off.
        let consuming = ["sqs:ReceiveMessage", "sqs:GetQueueAttributes", "sqs:DeleteMessage"];
        may(&named(&mapping["Queue"]), &consuming);
    }
    done
}

/// Makes an election that can be opened.
async fn draft(world: &mut World) {
    draft_of(world, json!({"name": "Summer"})).await;
}

/// Makes an election of this description that can be opened.
async fn draft_of(world: &mut World, election: Value) {
    world.create("election", "POST /v1/elections", election).await;
    let competitions = "POST /v1/elections/{election}/competitions";
    let candidates = "POST /v1/elections/{election}/competitions/{competition}/candidates";
    world.create("competition", competitions, json!({"name": "Nature"})).await;
    for name in ["Moon", "Sun"] {
        world.create("candidate", candidates, json!({"name": name})).await;
    }
}

/// Makes an election, changes all that can be changed, lets somebody vote, and releases the results.
async fn hold_an_election(world: &mut World) {
    draft(world).await;
    world.send("PATCH /v1/elections/{election}", json!({"name": "Winter"})).await;
    let competition = "/v1/elections/{election}/competitions/{competition}";
    let candidate = "/v1/elections/{election}/competitions/{competition}/candidates/{candidate}";
    world.send(&format!("PATCH {candidate}"), json!({"name": "Star"})).await;
    let photographs = "/v1/elections/{election}/photographs";
    let request = json!({"name": "a.png", "bytes": 1_000});
    world.create("photograph", &format!("POST {photographs}"), request.clone()).await;
    world.upload().await;
    let image = json!({"photograph": world.names["photograph"]});
    world.send(&format!("PATCH {candidate}"), json!({"image": image})).await;
    let used = world.names["photograph"].clone();
    world.create("photograph", &format!("POST {photographs}"), request).await;
    world.upload().await;
    world.send(&format!("DELETE {photographs}/{{photograph}}"), NOTHING).await;
    world.look_after_photographs().await;
    world.names.insert("photograph", used);
    let kept = (world.names["competition"].clone(), world.names["candidate"].clone());
    world.create("candidate", &format!("POST {competition}/candidates"), json!({"name": "Blur"})).await;
    world.send(&format!("DELETE {candidate}"), NOTHING).await;
    world.create("competition", "POST /v1/elections/{election}/competitions", json!({"name": "Sport"})).await;
    world.send(&format!("PATCH {competition}"), json!({"name": "Games"})).await;
    world.send(&format!("DELETE {competition}"), NOTHING).await;
    world.names.extend([("competition", kept.0), ("candidate", kept.1)]);

    let imports = "/v1/elections/{election}/imports";
    let list = json!({"name": "members.csv", "bytes": 1_000});
    world.create("import", &format!("POST {imports}"), list).await;
    world.upload_list().await;
    world.send(&format!("GET {imports}/{{import}}"), NOTHING).await;
    world.send(&format!("PUT {imports}/{{import}}/columns"), json!({"name": 1, "email": 1})).await;
    world.go_on_with_imports().await;
    world.send(&format!("POST {imports}/{{import}}/confirm"), NOTHING).await;
    world.go_on_with_imports().await;
    world.send(&format!("POST {imports}/{{import}}/undo"), NOTHING).await;
    world.go_on_with_imports().await;

    let voters = "POST /v1/elections/{election}/voters";
    world.create("voter", voters, json!({"name": "Alan Turing", "email": "alan@example.org"})).await;
    world.send("DELETE /v1/elections/{election}/voters/{voter}", NOTHING).await;
    world.create("voter", voters, json!({"name": "Grace Hopper", "email": "grace@example.org"})).await;
    let address = json!({"email": "grace@example.net"});
    world.send("PATCH /v1/elections/{election}/voters/{voter}", address).await;
    let replaced = world.send("POST /v1/elections/{election}/voters/{voter}/token", NOTHING).await;
    replaced["ballot_token"].as_str().unwrap().clone_into(&mut world.token);

    world.send("POST /v1/elections/{election}/open", json!({"closes_at": "2999-01-01T12:00:00Z"})).await;
    world.send("POST /v1/elections/{election}/extend", json!({"closes_at": "2999-01-01T23:00:00Z"})).await;
    let ratings = json!({"ratings": {world.names["candidate"].as_str(): 4}});
    world.send("PUT /v1/ballot/ratings", ratings.clone()).await;
    world.send("DELETE /v1/ballot/ratings/{candidate}", NOTHING).await;
    let cast = world.send("POST /v1/ballot/cast", ratings).await;
    world.names.insert("receipt", cast["receipt"].as_str().unwrap().to_owned());
    world.send(&format!("POST {candidate}/disqualify"), json!({"reason": "not a photograph"})).await;
    world.send("POST /v1/elections/{election}/close", NOTHING).await;
    world.count().await;
    world.send("POST /v1/elections/{election}/release", NOTHING).await;
    let mailings = "POST /v1/elections/{election}/mailings";
    let (all, bounced) = (json!({"kind": "results", "to": "all"}), json!({"kind": "invitation", "to": "bounced"}));
    world.create("mailing", mailings, all).await;
    world.send(&format!("{mailings}/preview"), bounced).await;
    world.send(&format!("{mailings}/test"), json!({"kind": "results", "address": "club@example.org"})).await;

    // So many that their entries do not fit into one transaction with the document.
    let administrator = "/v1/elections/{election}/administrators/{subject}";
    for number in 1..Limit::Administrators.most() {
        world.names.insert("subject", format!("administrator-{number}"));
        world.send(&format!("PUT {administrator}"), json!({"role": "observer"})).await;
    }
    world.send(&format!("DELETE {administrator}"), NOTHING).await;
}

/// Sends a request to each route that only reads.
async fn ask_for_everything(world: &mut World) {
    for (method, path, ..) in answered() {
        if method == "GET" {
            world.send(&format!("GET {path}"), NOTHING).await;
        }
    }
}

#[test]
fn no_function_may_alter_events_or_has_a_wildcard() {
    let template = Template::read();
    for function in template.functions() {
        for (resource, action) in function.grants() {
            let name = function.name();
            assert!(!whole(&action).contains('*'), "{name} may {action}");
            let objects = |beginning| resource.ends_with(&format!("Bucket.Arn}}/{beginning}/*"));
            let known = resource == TRACES && action.starts_with("xray:")
                || resource == STREAMS
                || resource == SENDERS && action.starts_with("ses:Send")
                || ["incoming", "lists", "originals", "photos"].into_iter().any(objects);
            assert!(known || !resource.contains('*'), "{name} may {action} on {resource}");
            let alters = ["UpdateItem", "Delete", "BatchWriteItem", "PartiQL", "Transact", "Restore", "Tag", "Policy"];
            let history = resource.contains("EventsTable");
            assert!(!history || !alters.iter().any(|verb| action.contains(verb)), "{name} may {action} on events");
        }
    }
    let roles = template.resources("AWS::IAM::Role");
    same(
        "roles",
        &set(roles.iter().map(|(id, _)| (*id).to_owned())),
        &set(template.functions().iter().map(|function| format!("{}Role", function.id))),
    );
    for kind in ["AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy"] {
        assert!(template.resources(kind).is_empty(), "{kind}");
    }
}

//! What is deployed is what the code needs: the template against the routes, the settings and the calls of the functions.

mod alarms;
mod mails;
mod observer;
mod page;
mod permissions;
mod reading;
mod secrecy;
mod settings;
mod strangers;
mod world;

use std::{
    collections::BTreeSet,
    fmt::Debug,
    fs,
    sync::{Arc, Mutex},
};

use photovote::host::gateway::Origin;
use photovote_domain::{ElectionId, MailingId, ShardCount, Version, VoterId};
use photovote_dynamodb::{Endpoint, config};
use photovote_edge::{ADMINISTRATOR, BALLOT, OPENAPI, document};
use photovote_events::Stream;
use photovote_functions::{FUNCTIONS, Wiring, descriptions};
use reading::{Template, named, root};
use regex_lite::Regex;
use serde_json::{Value, json};

/// Names what is missing, and what is there in vain.
fn same<T: Ord + Debug>(what: &str, there: &BTreeSet<T>, needed: &BTreeSet<T>) {
    let missing: Vec<_> = needed.difference(there).collect();
    let vain: Vec<_> = there.difference(needed).collect();
    assert!(missing.is_empty() && vain.is_empty(), "{what}: missing {missing:?}, and in vain {vain:?}");
}

fn set<T: Ord>(items: impl IntoIterator<Item = T>) -> BTreeSet<T> {
    items.into_iter().collect()
}

/// A route: method, path, function, and the authorizer if it has one.
type Route = (String, String, String, Option<String>);

/// The routes of an API document, of which each is answered by this function.
fn routes(function: &str, document: &Value) -> Vec<Route> {
    let paths = document["paths"].as_object().unwrap();
    let operations = paths.iter().flat_map(|(path, item)| item.as_object().unwrap().iter().map(move |o| (path, o)));
    let route = |(path, (method, operation)): (&String, (&String, &Value))| {
        let administrator = operation["security"]
            .as_array()
            .is_some_and(|of| of.iter().any(|needed| needed.get(ADMINISTRATOR).is_some()));
        let authorizer = administrator.then(|| "Administrators".to_owned());
        (method.to_uppercase(), path.clone(), function.to_owned(), authorizer)
    };
    operations.map(route).collect()
}

/// The routes that the functions answer.
fn answered() -> Vec<Route> {
    let part = |(function, openapi)| routes(function, &document([openapi]));
    descriptions().into_iter().flat_map(part).collect()
}

#[test]
fn every_route_leads_to_the_function_that_answers_it() {
    let template = Template::read();
    let mut deployed = Vec::new();
    for function in template.functions() {
        for event in function.events("HttpApi") {
            assert_eq!(event["ApiId"], json!({"Ref": "Api"}), "{}", function.id);
            let authorizer = event["Auth"].get("Authorizer").map(named);
            deployed.push((named(&event["Method"]), named(&event["Path"]), function.name().to_owned(), authorizer));
        }
    }
    let there = set(deployed.iter().cloned());
    assert_eq!(deployed.len(), there.len(), "a route stands there twice: {deployed:?}");
    same("routes", &there, &set(answered()));
    let documented = routes("", &serde_json::from_str(OPENAPI).unwrap());
    let plain = |routes: &[Route]| set(routes.iter().map(|(method, path, ..)| format!("{method} {path}")));
    same("routes of the API document", &plain(&deployed), &plain(&documented));
}

#[test]
fn voters_routes_are_throttled_by_themselves() {
    let template = Template::read();
    let api = &template.resource("Api")["Properties"];
    let document: Value = serde_json::from_str(OPENAPI).unwrap();
    let voters = routes("", &document).into_iter().filter(|(method, path, ..)| {
        let security = &document["paths"][path][method.to_lowercase()]["security"];
        security.as_array().is_some_and(|of| of.iter().any(|needed| needed.get(BALLOT).is_some()))
    });
    let settings = api["RouteSettings"].as_object().unwrap();
    let throttled = settings.keys().cloned().collect();
    same("throttled routes", &throttled, &set(voters.map(|(method, path, ..)| format!("{method} {path}"))));
    for limit in ["ThrottlingRateLimit", "ThrottlingBurstLimit"] {
        assert!(api["DefaultRouteSettings"].get(limit).is_some(), "{limit}");
        for (route, settings) in settings {
            assert!(settings.get(limit).is_some(), "{limit} of {route}");
        }
    }
}

#[test]
fn administrators_come_with_a_token_of_the_issuer() {
    let template = Template::read();
    let auth = &template.resource("Api")["Properties"]["Auth"];
    let authorizer = &auth["Authorizers"]["Administrators"];
    assert_eq!(authorizer["IdentitySource"], "$request.header.Authorization");
    assert_eq!(authorizer["JwtConfiguration"]["issuer"]["Fn::If"][2], json!({"Ref": "JwtIssuer"}));
    let audience = json!([
        {"Fn::If": ["HasOwnPool", {"Ref": "UserPoolClient"}, {"Ref": "JwtAudience"}]},
        {"Fn::If": ["HasScriptClient", {"Ref": "UserPoolScriptClient"}, {"Ref": "AWS::NoValue"}]},
    ]);
    assert_eq!(authorizer["JwtConfiguration"]["audience"], audience);
    assert!(auth.get("DefaultAuthorizer").is_none(), "each route says who may call it");
}

#[test]
fn named_origins_may_use_all_methods_and_headers() {
    let template = Template::read();
    let cors = &template.resource("Api")["Properties"]["CorsConfiguration"]["Fn::If"];
    assert_eq!((&cors[0], &cors[2]), (&json!("HasCors"), &json!({"Ref": "AWS::NoValue"})));
    assert_eq!(cors[1]["AllowOrigins"], json!({"Fn::Split": [",", {"Ref": "CorsOrigins"}]}));
    let methods = set(answered().into_iter().map(|(method, ..)| method));
    let texts = |name: &str| set(cors[1][name].as_array().unwrap().iter().map(named));
    same("methods", &texts("AllowMethods"), &methods);
    let headers = ["authorization", "content-type", "if-match", "idempotency-key"].map(str::to_owned);
    same("request headers", &texts("AllowHeaders"), &set(headers));
    let headers = ["etag", "location", "retry-after", "x-request-id"].map(str::to_owned);
    same("response headers", &texts("ExposeHeaders"), &set(headers));
}

#[test]
fn the_template_and_the_local_server_agree_on_origins() {
    let template = Template::read();
    let pattern = Regex::new(template.parameter("CorsOrigins")["AllowedPattern"].as_str().unwrap()).unwrap();
    let origins = [
        "*",
        "https://a.example",
        "https://a.b-c.example:8443",
        "http://localhost:5173",
        "http://127.0.0.1:65535",
        "http://[::1]:3000",
        "https://xn--mnchen-3ya.de",
        "http://a.example:443",
        "https://a.example:80",
    ];
    for origin in origins {
        assert!(pattern.is_match(origin) && origin.parse::<Origin>().is_ok(), "{origin}");
    }
    let refused = [
        "https://a.example/",
        "https://a.example/path",
        " https://a.example",
        "https://a.example ",
        "https://a.example:443",
        "http://a.example:80",
        "https://a.example:65536",
        "https://a.example:",
        "https://A.example",
        "HTTPS://a.example",
        "https://ada@a.example",
        "https://münchen.de",
        "https://a.example?x",
        "https://*.example",
        "https://",
        "ftp://a.example",
        "file:///x",
        "a.example",
        "null",
        "**",
    ];
    for text in refused {
        assert!(!pattern.is_match(text) && text.parse::<Origin>().is_err(), "{text}");
    }
    let several =
        ["", "https://a.example,http://localhost:5173", "https://a.example,https://b.example,https://c.example:8443"];
    for list in several {
        assert!(pattern.is_match(list), "{list}");
        assert!(list.split(',').filter(|one| !one.is_empty()).all(|one| one.parse::<Origin>().is_ok()), "{list}");
    }
    for list in [
        "https://a.example, https://b.example",
        "https://a.example,",
        ",https://a.example",
        "https://a.example;https://b.example",
        "*,https://a.example",
    ] {
        assert!(!pattern.is_match(list), "{list}");
    }
}

/// API Gateway puts values into a line of the access log as they are. Those that may stand in it have neither a quote nor a
/// backslash; where there is none, it writes a hyphen. Lengths and times may not: they tell how much a voter rated.
#[test]
fn a_line_of_the_access_log_is_json_whatever_happens() {
    let harmless = [
        ("$context.requestId", "JKJaXmPLvHcESHA="),
        ("$context.requestTime", "10/Jul/2026:18:14:22 +0000"),
        ("$context.routeKey", "GET /v1/elections/{election}"),
        ("$context.status", "200"),
        ("$context.error.responseType", "UNAUTHORIZED"),
        ("$context.integrationStatus", "200"),
    ];
    let template = Template::read();
    let format = template.resource("Api")["Properties"]["AccessLogSettings"]["Format"].as_str().unwrap();
    assert!(!format.contains('\n'), "one line: {format}");
    // The longest names first: one may begin another.
    let mut names = harmless;
    names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    for absent in [false, true] {
        let fill = |line: String, (name, value): &(&str, &str)| line.replace(name, if absent { "-" } else { value });
        let line = names.iter().fold(format.to_owned(), fill);
        assert!(!line.contains("$context"), "what may stand in it? {line}");
        let line: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(line.as_object().unwrap().values().all(Value::is_string), "{line}");
    }
}

/// Services may write to groups of this prefix without being named in the account's policy for logs, which has a limit.
#[test]
fn the_access_log_is_where_services_may_write() {
    let template = Template::read();
    let settings = &template.resource("Api")["Properties"]["AccessLogSettings"];
    assert_eq!(named(&settings["DestinationArn"]), "ApiLogs.Arn");
    let group = named(&template.resource("ApiLogs")["Properties"]["LogGroupName"]);
    assert_eq!(group, "/aws/vendedlogs/photovote/${AWS::StackName}/api");
}

#[test]
fn every_binary_is_deployed_as_a_function() {
    let template = Template::read();
    let files = fs::read_dir(root().join("functions/src/bin")).unwrap().map(|entry| entry.unwrap().path());
    let binaries = files.map(|file| file.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    same("functions", &set(template.functions().iter().map(|function| function.name().to_owned())), &binaries);
    for function in template.functions() {
        let id = function.id;
        assert_eq!(function.resource["Metadata"]["BuildMethod"], "rust-cargolambda", "{id}");
        assert_eq!(function.resource["Properties"]["CodeUri"], "functions", "{id}");
        assert_eq!(function.setting("Runtime"), "provided.al2023", "{id}");
        assert_eq!(function.setting("Handler"), "bootstrap", "{id}");
        assert_eq!(*function.setting("Architectures"), json!([{"Ref": "Architecture"}]), "{id}");
        assert_eq!(function.setting("Tracing"), "Active", "{id}");
        assert!(function.setting("MemorySize").is_u64() && function.setting("Timeout").is_u64(), "{id}");
        let logging = &function.resource["Properties"]["LoggingConfig"];
        assert_eq!((&logging["LogFormat"], named(&logging["LogGroup"])), (&json!("JSON"), format!("{id}Logs")));
        let logs = &template.resource(&format!("{id}Logs"))["Properties"];
        assert!(logs.get("RetentionInDays").is_some(), "the log of {id} is kept for ever");
    }
}

#[test]
fn every_function_has_exactly_the_variables_it_reads() {
    let template = Template::read();
    for function in template.functions() {
        let asked = Arc::new(Mutex::new(BTreeSet::new()));
        let noted = Arc::clone(&asked);
        let settings = move |name: &str| {
            noted.lock().unwrap().insert(name.to_owned());
            let value = match name {
                "ELECTIONS_PER_CREATOR" => "1",
                "MAIL_FROM" => "there@example.org",
                _ => "there",
            };
            Some(value.to_owned())
        };
        let config = config(&Endpoint::Local("http://127.0.0.1:1".to_owned()));
        let wiring = Wiring::new(config.clone(), config, settings);
        let (_, build) = FUNCTIONS.into_iter().find(|(name, _)| *name == function.name()).unwrap();
        build(&wiring).unwrap();
        let mut asked = asked.lock().unwrap().clone();
        // Lambda sets it.
        asked.remove("AWS_REGION");
        same(&format!("variables of {}", function.name()), &function.variables().into_keys().collect(), &asked);
    }
}

#[test]
fn the_projector_sees_every_record_of_the_stream() {
    let template = Template::read();
    let events = template.function("projector").events("DynamoDB");
    let [mapping] = events[..] else { panic!("one mapping: {events:?}") };
    assert_eq!(named(&mapping["Stream"]), "EventsTable.StreamArn");
    assert_eq!(mapping["StartingPosition"], "TRIM_HORIZON");
    assert_eq!(mapping["FunctionResponseTypes"], json!(["ReportBatchItemFailures"]));
    assert_eq!(mapping["BisectBatchOnFunctionError"], true);
    assert!(mapping["MaximumRetryAttempts"].as_i64().is_some_and(|attempts| (1..=100).contains(&attempts)));
    // The stream forgets after 24 hours; repair must still find what is given up.
    assert!(mapping["MaximumRecordAgeInSeconds"].as_i64().is_some_and(|age| (3_600..=43_200).contains(&age)));
    assert_eq!(mapping["DestinationConfig"]["OnFailure"]["Type"], "SQS");
    assert_eq!(named(&mapping["DestinationConfig"]["OnFailure"]["Destination"]), "FailureQueue.Arn");
    assert!(mapping.get("FilterCriteria").is_none(), "what is no commit must be seen");
    assert_ne!(mapping.get("Enabled"), Some(&json!(false)));
}

/// Ballots and photographs do not concern them. What is no commit concerns the projector alone.
#[test]
fn invitations_see_commits_of_elections_and_voters() {
    let template = Template::read();
    let mapping = |function| {
        let events = template.function(function).events("DynamoDB");
        let [mapping] = events[..] else { panic!("one mapping: {events:?}") };
        mapping.as_object().unwrap().clone()
    };
    let mut of_invitations = mapping("invitations");
    assert_eq!(of_invitations.remove("Enabled"), Some(json!({"Fn::If": ["HasMail", true, false]})));
    let filters = of_invitations.remove("FilterCriteria").unwrap();
    assert_eq!(of_invitations, mapping("projector"));
    let pattern: Value = serde_json::from_str(filters["Filters"][0]["Pattern"].as_str().unwrap()).unwrap();
    assert_eq!(filters["Filters"].as_array().unwrap().len(), 1);
    let kinds = photovote_functions::INVITATIONS_SORT_KEYS.map(|beginning| json!({"prefix": beginning}));
    assert_eq!(pattern, json!({"eventName": ["INSERT"], "dynamodb": {"Keys": {"sk": {"S": kinds}}}}));
    let (election, voter, first) = (ElectionId::from_bits(1), VoterId::from_bits(2), Version::NONE);
    let shard = ShardCount::default().shards().next().unwrap();
    assert!(Stream::Election(election).sort_key(first).starts_with("election#"));
    assert!(Stream::Mailing(election, MailingId::from_bits(3)).sort_key(first).starts_with("mailing#"));
    assert!(Stream::Voter(election, shard, voter).sort_key(first).starts_with("voter#"));
}

#[test]
fn the_mailer_takes_single_messages_two_at_a_time() {
    let template = Template::read();
    let mailer = template.function("mailer");
    let events = mailer.events("SQS");
    let [mapping, reports] = events[..] else { panic!("two mappings: {events:?}") };
    assert_eq!(named(&mapping["Queue"]), "MailQueue.Arn");
    assert_eq!(named(&reports["Queue"]), "MailReportQueue.Arn");
    assert_eq!(reports["FunctionResponseTypes"], json!(["ReportBatchItemFailures"]));
    // Without a sender, too: the reconciler asks for elections that invite no one, and messages must not wait.
    assert_eq!(mapping.get("Enabled"), None);
    assert_eq!(
        (&mapping["BatchSize"], &mapping["FunctionResponseTypes"]),
        (&json!(1), &json!(["ReportBatchItemFailures"]))
    );
    assert_eq!(mapping["ScalingConfig"], json!({"MaximumConcurrency": 2}));
    let queue = &template.resource("MailQueue")["Properties"];
    assert!(queue["VisibilityTimeout"].as_u64() >= mailer.setting("Timeout").as_u64().map(|longest| 6 * longest));
    assert_eq!(named(&queue["RedrivePolicy"]["deadLetterTargetArn"]), "DeadLetters.Arn");
    assert_eq!(queue["RedrivePolicy"]["maxReceiveCount"], 5);
}

#[test]
fn repair_is_called_with_both_queues() {
    let template = Template::read();
    let repair = template.function("repair");
    let mappings = repair.events("SQS");
    let queues = set(mappings.iter().map(|mapping| named(&mapping["Queue"])));
    same("queues of repair", &queues, &set(["RepairQueue.Arn", "FailureQueue.Arn"].map(str::to_owned)));
    for mapping in mappings {
        let queue = named(&mapping["Queue"]);
        assert_eq!(mapping["FunctionResponseTypes"], json!(["ReportBatchItemFailures"]), "{queue}");
        let properties = &template.resource(queue.trim_end_matches(".Arn"))["Properties"];
        let hidden = properties["VisibilityTimeout"].as_u64().unwrap();
        assert!(hidden >= 6 * repair.setting("Timeout").as_u64().unwrap(), "{queue}");
        assert_eq!(named(&properties["RedrivePolicy"]["deadLetterTargetArn"]), "DeadLetters.Arn", "{queue}");
        assert_eq!(properties["RedrivePolicy"]["maxReceiveCount"], 5, "{queue}");
    }
    for (id, queue) in template.resources("AWS::SQS::Queue") {
        assert_eq!(queue["Properties"]["SqsManagedSseEnabled"], true, "{id}");
    }
}

#[test]
fn the_rebuild_is_called_with_its_queue() {
    let template = Template::read();
    let rebuild = template.function("rebuild");
    let mappings = rebuild.events("SQS");
    let [mapping] = mappings[..] else { panic!("one queue: {mappings:?}") };
    assert_eq!(named(&mapping["Queue"]), "RebuildQueue.Arn");
    assert_eq!(mapping["FunctionResponseTypes"], json!(["ReportBatchItemFailures"]));
    // Messages take minutes each.
    assert_eq!(mapping["BatchSize"], 1);
    let properties = &template.resource("RebuildQueue")["Properties"];
    assert!(properties["VisibilityTimeout"].as_u64().unwrap() >= 6 * rebuild.setting("Timeout").as_u64().unwrap());
    assert_eq!(named(&properties["RedrivePolicy"]["deadLetterTargetArn"]), "DeadLetters.Arn");
    assert_eq!(properties["RedrivePolicy"]["maxReceiveCount"], 5);
}

#[test]
fn clock_and_reconciler_have_their_schedules() {
    let template = Template::read();
    for (function, rate) in [("clock", "rate(1 minute)"), ("reconciler", "rate(5 minutes)")] {
        let clocks = template.function(function).events("Schedule");
        let [clock] = clocks[..] else { panic!("one clock: {clocks:?}") };
        assert_eq!(clock["Schedule"], rate, "{function}");
    }
}

#[test]
fn tables_are_kept_whatever_happens() {
    let template = Template::read();
    let tables = template.resources("AWS::DynamoDB::Table");
    let names = set(tables.iter().map(|(id, _)| *id));
    same("tables", &names, &set(["EventsTable", "ControlTable", "DocumentsTable"]));
    for (id, table) in tables {
        let properties = &table["Properties"];
        assert_eq!(
            (&table["DeletionPolicy"], &table["UpdateReplacePolicy"]),
            (&json!("Retain"), &json!("Retain")),
            "{id}"
        );
        assert_eq!(properties["BillingMode"], "PAY_PER_REQUEST", "{id}");
        assert_eq!(properties["DeletionProtectionEnabled"], true, "{id}");
        let encryption = &properties["SSESpecification"];
        let choices = encryption.get("Fn::If").map_or(vec![encryption], |choice| vec![&choice[1], &choice[2]]);
        assert!(choices.into_iter().all(|choice| choice["SSEEnabled"] == true), "{id}");
        assert_eq!(properties["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"], true, "{id}");
        let keys = json!([{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]);
        assert_eq!(properties["KeySchema"], keys, "{id}");
        let view = properties["StreamSpecification"].get("StreamViewType");
        assert_eq!(view, (id == "EventsTable").then(|| json!("NEW_AND_OLD_IMAGES")).as_ref(), "{id}");
    }
}

#[test]
fn the_counter_takes_single_messages_concurrently() {
    let template = Template::read();
    let counter = template.function("counter");
    let events = counter.events("SQS");
    let [mapping] = events[..] else { panic!("one mapping: {events:?}") };
    assert_eq!(named(&mapping["Queue"]), "CountQueue.Arn");
    assert_eq!(
        (&mapping["BatchSize"], &mapping["FunctionResponseTypes"]),
        (&json!(1), &json!(["ReportBatchItemFailures"]))
    );
    // A new account has ten executions in all: voters' functions need the rest.
    assert!(mapping["ScalingConfig"]["MaximumConcurrency"].as_u64().is_some_and(|most| (2..=4).contains(&most)));
    let queue = &template.resource("CountQueue")["Properties"];
    assert!(queue["VisibilityTimeout"].as_u64() >= counter.setting("Timeout").as_u64().map(|longest| 6 * longest));
    assert_eq!(named(&queue["RedrivePolicy"]["deadLetterTargetArn"]), "DeadLetters.Arn");
}

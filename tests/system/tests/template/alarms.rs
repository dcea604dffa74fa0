//! What is noticed: the alarms and the dashboard, against what the code tells.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

use serde_json::{Value, json};

use super::{
    reading::{Template, named, root, text},
    same, set,
};

#[test]
fn every_alarm_is_heard_and_explained() {
    let template = Template::read();
    let alarms = template.resources("AWS::CloudWatch::Alarm");
    for (id, alarm) in &alarms {
        let topic = json!({"Fn::If": ["HasAlarmTopic", [{"Ref": "AlarmTopicArn"}], {"Ref": "AWS::NoValue"}]});
        assert_eq!(alarm["Properties"]["AlarmActions"], topic, "{id}");
        assert!(alarm["Properties"].get("TreatMissingData").is_some(), "{id}");
    }
    let runbook = text("docs/operate/runbook.md");
    let explained = runbook.lines().filter_map(|line| line.strip_prefix("### ")).map(str::to_owned);
    let errors = |id: &str| template.functions().iter().any(|function| id == format!("{}ErrorsAlarm", function.id));
    // That a function breaks off means the same for all of them, but for the clock, which says so itself.
    let headed = |id: &str| if errors(id) && id != "ClockErrorsAlarm" { "…ErrorsAlarm" } else { id }.to_owned();
    same("alarms in docs/operate/runbook.md", &explained.collect(), &set(alarms.iter().map(|(id, _)| headed(id))));
    for function in template.functions() {
        template.resource(&format!("{}ErrorsAlarm", function.id));
    }
}

#[test]
fn every_alarm_is_provoked_by_a_test_or_is_awss_own() {
    let runbook = text("docs/operate/runbook.md");
    let rows = runbook.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |")?.split_once(" | "));
    let rows: Vec<_> = rows.filter(|(alarm, _)| *alarm != "Alarm" && alarm.ends_with("Alarm")).collect();
    let explained = runbook.lines().filter_map(|line| line.strip_prefix("### ")).map(str::to_owned);
    same("alarms that are provoked", &set(rows.iter().map(|(alarm, _)| (*alarm).to_owned())), &explained.collect());
    let mut tests = String::new();
    for folder in ["api", "workers", "local/tests"] {
        read(&root().join(folder), &mut tests);
    }
    for (alarm, provoked) in rows {
        match provoked.strip_prefix('`').and_then(|test| test.strip_suffix('`')) {
            Some(test) => assert!(tests.contains(&format!("fn {test}(")), "{alarm}: there is no test {test}"),
            None => assert!(provoked.starts_with("AWS: "), "{alarm}: {provoked}"),
        }
    }
}

#[test]
fn alarms_listen_for_words_that_are_logged() {
    let template = Template::read();
    let sources = sources();
    let filters = template.resources("AWS::Logs::MetricFilter");
    assert!(!filters.is_empty());
    for (id, filter) in filters {
        let pattern = filter["Properties"]["FilterPattern"].as_str().unwrap();
        let word = pattern.strip_prefix("{ $.fields.event = \"").and_then(|rest| rest.strip_suffix("\" }"));
        let word = word.unwrap_or_else(|| panic!("{id} looks for {pattern}"));
        assert!(sources.contains(&format!("event = \"{word}\"")), "{id}: nobody logs {word}");
        let log = named(&filter["Properties"]["LogGroupName"]);
        assert!(template.functions().iter().any(|function| format!("{}Logs", function.id) == log), "{id}: {log}");
    }
}

/// Namespace, name, and dimensions with their values.
type Watched = (String, String, Vec<(String, String)>);

/// The metrics that alarms look at.
fn watched(template: &Template) -> BTreeSet<Watched> {
    let alarms = metrics(template).into_iter().filter(|(place, ..)| place.ends_with("Alarm"));
    alarms.map(|(_, namespace, name, dimensions)| (namespace, name, dimensions.into_iter().collect())).collect()
}

fn of_aws(service: &str, name: &str, dimensions: &[(&str, &str)]) -> Watched {
    let dimensions = dimensions.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    (format!("AWS/{service}"), name.to_owned(), dimensions.collect())
}

#[test]
fn an_alarm_watches_throttling_of_every_table() {
    let template = Template::read();
    let watched = watched(&template);
    for (table, _) in template.resources("AWS::DynamoDB::Table") {
        for name in ["ReadThrottleEvents", "WriteThrottleEvents"] {
            assert!(watched.contains(&of_aws("DynamoDB", name, &[("TableName", table)])), "{name} of {table}");
        }
    }
}

#[test]
fn an_alarm_warns_at_80_percent_of_the_concurrency() {
    let template = Template::read();
    assert!(watched(&template).contains(&of_aws("Lambda", "ConcurrentExecutions", &[])));
    let share = &template.resource("ConcurrencyAlarm")["Properties"];
    assert_eq!(share["Metrics"][0]["Expression"], json!({"Fn::Sub": "100 * running / ${AccountConcurrency}"}));
    assert_eq!(share["Threshold"], 80);
}

/// Throttled requests are 4xx: they are refused before a function sees them, and show in no other metric.
#[test]
fn an_alarm_tells_that_voters_are_refused() {
    let template = Template::read();
    let alarm = &template.resource("VotersRefusedAlarm")["Properties"];
    let parts = alarm["Metrics"].as_array().unwrap();
    // AWS allows ten in one alarm.
    assert!(parts.len() <= 10, "{}", parts.len());
    let expression = parts[0]["Expression"].as_str().unwrap();
    let watched = watched(&template);
    for route in template.resource("Api")["Properties"]["RouteSettings"].as_object().unwrap().keys() {
        let (method, path) = route.split_once(' ').unwrap();
        for name in ["4xx", "Count"] {
            let dimensions = [("ApiId", "Api"), ("Method", method), ("Resource", path), ("Stage", "Api.Stage")];
            assert!(watched.contains(&of_aws("ApiGateway", name, &dimensions)), "{name} of {route}");
        }
    }
    for part in &parts[1..] {
        assert!(expression.contains(part["Id"].as_str().unwrap()), "{part} is not looked at");
    }
}

/// CloudWatch is paid for each metric that an alarm looks at.
#[test]
fn the_cost_of_alarms_includes_all_their_metrics() {
    let looked_at = metrics(&Template::read()).into_iter().filter(|(place, ..)| place.ends_with("Alarm")).count();
    let words = format!("CloudWatch | {looked_at}.0 | metrics of alarms, for a month");
    let page = text("docs/operate/costs.md");
    let mut rows = page.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    assert!(rows.any(|row| row.contains(&words)), "{words}: run `make costs`");
}

/// A metric: namespace, name, the names of its dimensions.
type Metric = (String, String, BTreeSet<String>);

#[test]
fn alarms_and_dashboard_use_exactly_the_metrics_made() {
    let template = Template::read();
    let mut looked_at = BTreeSet::new();
    let functions = set(template.functions().iter().map(|function| function.id.to_owned()));
    for (place, namespace, name, dimensions) in metrics(&template) {
        assert!(dimensions.get("Function").is_none_or(|of| functions.contains(of)), "{place}, {name}: {dimensions:?}");
        looked_at.insert((namespace, name, dimensions.into_keys().collect()));
    }
    looked_at.retain(|(namespace, ..): &Metric| !namespace.starts_with("AWS/"));

    let filters = template.resources("AWS::Logs::MetricFilter").into_iter().map(|(_, filter)| {
        let made = &filter["Properties"]["MetricTransformations"][0];
        (named(&made["MetricNamespace"]), named(&made["MetricName"]), BTreeSet::new())
    });
    same("metrics", &looked_at, &counted().into_iter().chain(filters).collect());
}

/// Who looks at a metric, and at which: namespace, name, dimensions with their values.
type LookedAt = (String, String, String, BTreeMap<String, String>);

/// The metrics that the alarms and the dashboard look at.
fn metrics(template: &Template) -> Vec<LookedAt> {
    let mut metrics = Vec::new();
    for (id, alarm) in template.resources("AWS::CloudWatch::Alarm") {
        let own = &alarm["Properties"];
        let parts = own["Metrics"].as_array().into_iter().flatten();
        let parts = parts.map(|part| &part["MetricStat"]["Metric"]).filter(|metric| !metric.is_null());
        for metric in parts.chain(Some(own).filter(|own| own.get("Metrics").is_none())) {
            let dimensions = metric["Dimensions"].as_array().into_iter().flatten();
            let dimensions = dimensions.map(|dimension| (named(&dimension["Name"]), named(&dimension["Value"])));
            let (namespace, name) = (named(&metric["Namespace"]), named(&metric["MetricName"]));
            metrics.push((id.to_owned(), namespace, name, dimensions.collect()));
        }
    }
    for (id, dashboard) in template.resources("AWS::CloudWatch::Dashboard") {
        let body: Value = serde_json::from_str(&named(&dashboard["Properties"]["DashboardBody"])).expect("it is JSON");
        let widgets = body["widgets"].as_array().unwrap();
        for metric in widgets.iter().flat_map(|widget| widget["properties"]["metrics"].as_array().unwrap()) {
            if let Some(expression) = metric[0]["expression"].as_str() {
                metrics.extend(searched(id, expression));
            } else {
                let words: Vec<_> = metric.as_array().unwrap().iter().filter_map(Value::as_str).collect();
                let dimensions = words[2..].chunks(2).map(|pair| (pair[0].to_owned(), referred(pair[1])));
                metrics.push((id.to_owned(), words[0].to_owned(), words[1].to_owned(), dimensions.collect()));
            }
        }
    }
    metrics
}

/// What `SEARCH('{namespace,dimension,…} MetricName="…" (Function="${…}" OR …)', …)` looks at, function by function.
fn searched(place: &str, expression: &str) -> Vec<LookedAt> {
    let (schema, terms) = expression.split_once('{').unwrap().1.split_once('}').unwrap();
    let (namespace, dimensions) = schema.split_once(',').unwrap();
    let values = |term: &str| -> Vec<String> {
        let quote = format!("{term}=\"");
        let after = terms.split(&quote).skip(1);
        after.map(|rest| referred(rest.split('"').next().unwrap())).collect()
    };
    let names = values("MetricName");
    let [name] = &names[..] else { panic!("one metric: {expression}") };
    let of = |function: String| {
        let value = |dimension: &str| if dimension == "Function" { function.clone() } else { "any".to_owned() };
        let dimensions = dimensions.split(',').map(|dimension| (dimension.to_owned(), value(dimension)));
        (place.to_owned(), namespace.to_owned(), name.clone(), dimensions.collect())
    };
    values("Function").into_iter().map(of).collect()
}

/// `${Name}` without its dress.
fn referred(text: &str) -> String {
    text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')).unwrap_or(text).to_owned()
}

/// The metrics that the code counts. Those of a function's process have the function's name as a dimension; what a metric
/// says of itself are further ones.
fn counted() -> BTreeSet<Metric> {
    let process = text("functions/src/process.rs");
    let quoted = |before: &str| process.split_once(before).unwrap().1.split('"').nth(1).unwrap().to_owned();
    let (namespace, function) = (quoted("NAMESPACE: &str ="), quoted("with_dimension("));
    let sources = sources();
    let called = ["metrics::counter!(", "metrics::histogram!(", "metrics::gauge!("];
    let calls = called.iter().flat_map(|macro_| sources.split(macro_).skip(1));
    let calls = calls.map(|rest| names(rest.split(')').next().unwrap()));
    let cold_starts = vec![quoted("lambda_cold_start_metric(")];
    let calls = calls.chain([cold_starts]);
    let metric = |words: Vec<String>| {
        let (name, labels) = words.split_first().unwrap();
        let dimensions = labels.iter().chain([&function]).cloned();
        (namespace.clone(), name.clone(), dimensions.collect())
    };
    calls.map(metric).collect()
}

/// The name of a metric, and those of its labels: `"Mails", "Kind" => "invitation", "Outcome" => outcome` has the labels `Kind` and
/// `Outcome`.
fn names(call: &str) -> Vec<String> {
    let parts: Vec<_> = call.split('"').collect();
    // A text stands at each odd place, and an arrow behind it if it is a label.
    let is_label = |place: usize| parts.get(place + 1).is_some_and(|after| after.trim_start().starts_with("=>"));
    let texts = (1..parts.len()).step_by(2).filter(|place| *place == 1 || is_label(*place));
    texts.map(|place| parts[place].to_owned()).collect()
}

/// All that runs in a function.
fn sources() -> String {
    let mut all = String::new();
    for crates in ["api", "storage", "workers"] {
        let entries = fs::read_dir(root().join(crates)).unwrap().map(|entry| entry.unwrap().path());
        for package in entries.filter(|path| path.is_dir()) {
            read(&package.join("src"), &mut all);
        }
    }
    read(&root().join("functions/src"), &mut all);
    all
}

/// Adds all Rust source in a folder.
fn read(folder: &Path, all: &mut String) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            read(&path, all);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            *all += &fs::read_to_string(&path).unwrap();
        }
    }
}

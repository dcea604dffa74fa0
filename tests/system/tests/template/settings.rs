//! What the parameters decide: concurrency, what production insists on, the API's addresses, who signs in.

use regex_lite::Regex;
use serde_json::{Value, json};

use super::{
    reading::{Template, list, named, text},
    same, set,
};

/// The functions that voting depends on.
const RESERVED: [&str; 4] = ["ballot-commands", "clock", "counter", "projector"];

fn is_given(parameter: &str) -> Value {
    json!({"Fn::Not": [{"Fn::Equals": [{"Ref": parameter}, ""]}]})
}

#[test]
fn only_these_functions_can_reserve_executions() {
    let template = Template::read();
    for function in template.functions() {
        let reserved = function.resource["Properties"].get("ReservedConcurrentExecutions");
        if !RESERVED.contains(&function.name()) {
            assert_eq!(reserved, None, "{}", function.id);
            continue;
        }
        let (parameter, condition) = (format!("{}Concurrency", function.id), format!("Reserves{}", function.id));
        let expected = json!({"Fn::If": [condition, {"Ref": parameter}, {"Ref": "AWS::NoValue"}]});
        assert_eq!(reserved, Some(&expected), "{}", function.id);
        assert_eq!(*template.condition(&condition), is_given(&parameter), "{condition}");
        // None by default: a new account cannot reserve anything.
        let parameter = template.parameter(&parameter);
        assert_eq!(parameter["Default"], "", "{}", function.id);
        let pattern = Regex::new(parameter["AllowedPattern"].as_str().unwrap()).unwrap();
        assert!(["", "1", "100"].iter().all(|value| pattern.is_match(value)), "{}", function.id);
        // Nothing would run.
        assert!(["0", "-1", "1.5", "a"].iter().all(|value| !pattern.is_match(value)), "{}", function.id);
    }
}

#[test]
fn production_is_watched() {
    let template = Template::read();
    let rule = template.rule("ProductionIsWatched");
    assert_eq!(rule["RuleCondition"], json!({"Fn::Equals": [{"Ref": "Production"}, "true"]}));
    let asserted: Vec<_> = list(&rule["Assertions"]).into_iter().map(|one| &one["Assert"]).collect();
    assert!(asserted.contains(&&is_given("AlarmTopicArn")), "{asserted:?}");
    assert!(asserted.contains(&&json!({"Fn::Not": [{"Fn::Equals": [{"Ref": "CorsOrigins"}, "*"]}]})), "{asserted:?}");
}

#[test]
fn production_protects_events_and_keeps_logs_a_year() {
    let template = Template::read();
    let settings = text("samconfig.toml");
    let production = settings.split_once("[production.deploy.parameters]").unwrap().1;
    let given = production.lines().find_map(|line| line.strip_prefix("parameter_overrides = ")).unwrap();
    let given = given.trim_matches('"').split(' ').map(|pair| pair.split_once('=').unwrap());
    let given = set(given.map(|(name, value)| {
        let parameter = template.parameter(name);
        let allowed = list(&parameter["AllowedValues"]);
        // Numbers of days are numbers there.
        let known = |one: &Value| one.as_str().map_or_else(|| one.to_string(), ToOwned::to_owned) == value;
        assert!(allowed.is_empty() || allowed.into_iter().any(known), "{name}={value}");
        (name, value)
    }));
    let expected = [
        ("Production", "true"),
        ("LogRetentionDays", "365"),
        ("EventsKey", "customer-managed"),
        ("EventsAccess", "roles"),
        ("Mfa", "ON"),
        ("ScriptSignIn", "false"),
    ];
    same("settings of production", &given, &set(expected));
    for stack in settings.split("capabilities = ").skip(1) {
        assert!(stack.starts_with("\"CAPABILITY_NAMED_IAM\""), "roles have names: {stack}");
    }
}

#[test]
fn a_domain_is_the_only_address() {
    let template = Template::read();
    let api = &template.resource("Api")["Properties"];
    assert_eq!(api["DisableExecuteApiEndpoint"], json!({"Fn::If": ["HasApiDomain", true, false]}));
    for id in ["Domain", "DomainMapping"] {
        assert_eq!(template.resource(id)["Condition"], "HasApiDomain", "{id}");
    }
    // With the page, the domain is the distribution's, which needs the API's own address.
    let page = json!({"Condition": "HasPage"});
    let both = |page: Value| json!({"Fn::And": [page, {"Condition": "HasDomain"}]});
    assert_eq!(*template.condition("HasApiDomain"), both(json!({"Fn::Not": [page]})));
    assert_eq!(*template.condition("HasPageDomain"), both(page));
}

#[test]
fn administrators_need_a_second_factor_by_default() {
    let template = Template::read();
    assert_eq!(template.parameter("Mfa")["Default"], "ON");
    let pool = &template.resource("UserPool")["Properties"];
    assert_eq!(named(&pool["MfaConfiguration"]), "Mfa");
    assert_eq!(pool["EnabledMfas"], json!(["SOFTWARE_TOKEN_MFA"]));
    let flows = |client: &str| &template.resource(client)["Properties"]["ExplicitAuthFlows"];
    assert_eq!(*flows("UserPoolClient"), json!(["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]));
    let scripts = json!(["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]);
    assert_eq!(*flows("UserPoolScriptClient"), scripts);
    assert_eq!(template.resource("UserPoolScriptClient")["Condition"], "HasScriptClient");
}

#[test]
fn a_budget_tells_the_topic_of_the_alarms() {
    let template = Template::read();
    let budget = template.resource("Budget");
    assert_eq!(budget["Condition"], "HasBudget");
    assert_eq!(*template.condition("HasBudget"), is_given("MonthlyBudget"));
    let notified = list(&budget["Properties"]["NotificationsWithSubscribers"]);
    assert_eq!(notified.len(), 2);
    for told in notified.into_iter().flat_map(|one| list(&one["Subscribers"])) {
        assert_eq!(*told, json!({"SubscriptionType": "SNS", "Address": {"Ref": "AlarmTopicArn"}}));
    }
    assert_eq!(template.rule("TopicOfBudget")["RuleCondition"], is_given("MonthlyBudget"));
}

/// checkov reads these comments. A reason lets a reader judge whether a suppression still holds.
#[test]
fn every_rule_that_is_suppressed_has_its_reason() {
    let template = text("template.yaml");
    let suppressed: Vec<_> = template.lines().filter_map(|line| line.trim().strip_prefix("# checkov:skip=")).collect();
    assert!(!suppressed.is_empty());
    for line in suppressed {
        let (rule, reason) = line.split_once(':').unwrap_or_else(|| panic!("{line} has no reason"));
        assert!(rule.starts_with("CKV_") && reason.len() > 30 && reason.ends_with('.'), "{line}");
    }
}

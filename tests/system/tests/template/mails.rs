//! Mails: what the parameters decide about them, and who may derive voters' links.

use photovote_domain::Email;
use regex_lite::Regex;
use serde_json::{Value, json};

use super::{
    reading::{Template, list, named},
    same, set,
};

/// The mailer's role before it exists.
const MAILER: &str = "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/${AWS::StackName}-${AWS::Region}-mailer";

fn is_given(parameter: &str) -> Value {
    json!({"Fn::Not": [{"Fn::Equals": [{"Ref": parameter}, ""]}]})
}

#[test]
fn elections_can_invite_only_if_mails_have_a_sender() {
    let template = Template::read();
    assert_eq!(template.parameter("MailFrom")["Default"], "");
    assert_eq!(*template.condition("HasMail"), is_given("MailFrom"));
    let commands = &template.function("election-commands").resource["Properties"]["Environment"]["Variables"];
    assert_eq!(commands["INVITES"], json!({"Fn::If": ["HasMail", "yes", "no"]}));
    // The mailer starts nevertheless. Its role may send from `MailFrom` alone.
    let mailer = &template.function("mailer").resource["Properties"]["Environment"]["Variables"];
    let nobody = "nobody@photovote.invalid";
    assert_eq!(mailer["MAIL_FROM"], json!({"Fn::If": ["HasMail", {"Ref": "MailFrom"}, nobody]}));
    assert!(nobody.parse::<Email>().is_ok());
}

/// The mailer sends addresses in ASCII and domains in lower case. Its role compares them letter by letter.
#[test]
fn a_sender_is_written_as_the_mailer_writes_it() {
    let template = Template::read();
    let pattern = Regex::new(template.parameter("MailFrom")["AllowedPattern"].as_str().unwrap()).unwrap();
    for good in ["", "club@example.org", "Club.2026+vote@mail.example.org", "a@xn--mnchen-3ya.de"] {
        assert!(pattern.is_match(good), "{good}");
        assert!(good.is_empty() || good.parse::<Email>().is_ok(), "{good}");
    }
    for bad in [
        "a..b@example.org",
        ".a@example.org",
        "a@-example.org",
        "club",
        "club@Example.org",
        "club@localhost",
        "club@münchen.de",
        "Club <club@example.org>",
        "a@b.org ",
    ] {
        assert!(!pattern.is_match(bad), "{bad}");
    }
}

#[test]
fn links_lead_to_the_own_page_unless_another_is_named() {
    let template = Template::read();
    let other_is_none = json!({"Fn::Equals": [{"Ref": "PageUrl"}, ""]});
    let own = json!({"Fn::And": [{"Condition": "HasPage"}, other_is_none]});
    assert_eq!(*template.condition("LinksLeadToOwnPage"), own);
    let address = |of: &str| json!({"Fn::Sub": format!("https://{of}")});
    let page =
        json!({"Fn::If": ["HasPageDomain", address("${DomainName}"), address("${PageDistribution.DomainName}")]});
    let variables = &template.function("mailer").resource["Properties"]["Environment"]["Variables"];
    let either = json!({"Fn::If": ["LinksLeadToOwnPage", page, {"Ref": "PageUrl"}]});
    assert_eq!(variables["PAGE_URL"], json!({"Fn::If": ["HasMail", either, "https://photovote.invalid"]}));
    // Without a page, no mail would have a link.
    let rule = template.rule("PageOfLinks");
    assert_eq!(rule["RuleCondition"], is_given("MailFrom"));
    let one_of_them = json!({"Fn::Or": [is_given("PageUrl"), is_given("PageVersion")]});
    assert_eq!(rule["Assertions"][0]["Assert"], one_of_them);
}

#[test]
fn only_the_mailer_derives_links() {
    let template = Template::read();
    let key = template.resource("LinkKey");
    // Voters would need new links, and an election that is open keeps its key when mails are turned off.
    assert_eq!((&key["DeletionPolicy"], &key["UpdateReplacePolicy"]), (&json!("Retain"), &json!("Retain")));
    assert!(key.get("Condition").is_none());
    let properties = &key["Properties"];
    assert_eq!((&properties["KeySpec"], &properties["KeyUsage"]), (&json!("HMAC_256"), &json!("GENERATE_VERIFY_MAC")));
    let statements = list(&properties["KeyPolicy"]["Statement"]);
    same("statements", &set(statements.iter().map(|of| named(&of["Sid"]))), &set(["Manage", "Use"].map(str::to_owned)));
    for statement in statements {
        assert_eq!(statement["Effect"], "Allow");
        if statement["Sid"] == "Use" {
            assert_eq!(statement["Action"], "kms:GenerateMac");
            let mailer = json!({
                "StringEquals": {"kms:CallerAccount": {"Ref": "AWS::AccountId"}},
                "ArnEquals": {"aws:PrincipalArn": {"Fn::Sub": MAILER}},
            });
            assert_eq!(statement["Condition"], mailer);
        } else {
            let actions = list(&statement["Action"]).into_iter().map(named).collect::<Vec<_>>();
            let using = ["kms:*", "Mac", "CreateGrant", "Encrypt", "Decrypt", "ReplicateKey"];
            assert!(!actions.iter().any(|action| using.iter().any(|word| action.contains(word))), "{actions:?}");
        }
    }
    for function in template.functions() {
        let derives = function.grants().iter().any(|(resource, _)| resource == "LinkKey.Arn");
        assert_eq!(derives, function.name() == "mailer", "{}", function.name());
    }
}

/// SES would put links of its own in the place of voters' links.
#[test]
fn nothing_tracks_who_opens_a_mail() {
    let template = Template::read();
    let configuration = &template.resource("MailConfigurationSet")["Properties"];
    assert_eq!(configuration["ReputationOptions"], json!({"ReputationMetricsEnabled": true}));
    assert!(configuration.get("TrackingOptions").is_none());
    let reports = template.resources("AWS::SES::ConfigurationSetEventDestination");
    let [(_, reports)] = &reports[..] else { panic!("there is one event destination") };
    let destination = &reports["Properties"]["EventDestination"];
    assert_eq!(destination["MatchingEventTypes"], json!(["bounce", "complaint"]));
    assert!(template.resources("AWS::SES::EmailIdentity").is_empty());
}

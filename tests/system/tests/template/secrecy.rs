//! Who may read and write events: the key and the policy of the table, against the functions that need it.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{
    reading::{Template, list, named},
    same, set,
};

/// A role of the template before it exists.
const ROLE: &str = "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/${AWS::StackName}-${AWS::Region}-";
/// What stands for the roles that are given to the template.
const OPERATORS: &str = "operators";
const DEPLOYERS: &str = "deployers";

/// The functions that read or write events, and those who do so by hand.
fn entitled(template: &Template) -> BTreeSet<String> {
    let functions = template.functions().into_iter();
    let reads = functions.filter(|f| f.grants().iter().any(|(resource, _)| resource.starts_with("EventsTable")));
    set(reads.map(|function| function.name().to_owned()).chain([OPERATORS.to_owned()]))
}

/// Who is named in a list of principals that is put together and taken apart again.
fn principals(value: &Value) -> BTreeSet<String> {
    let joined = &value["Fn::Split"];
    assert_eq!((&joined[0], &joined[1]["Fn::Join"][0]), (&json!(","), &json!(",")), "{value}");
    let operators = json!({"Fn::If": ["HasOperators", {"Ref": "OperatorRoles"}, {"Ref": "AWS::NoValue"}]});
    let one = |principal: &Value| match named_role(principal) {
        Some(role) => role,
        None if *principal == operators => OPERATORS.to_owned(),
        None if *principal == json!({"Ref": "DeployerRoles"}) => DEPLOYERS.to_owned(),
        None => panic!("who is {principal}?"),
    };
    set(joined[1]["Fn::Join"][1].as_array().unwrap().iter().map(one))
}

fn named_role(principal: &Value) -> Option<String> {
    Some(principal["Fn::Sub"].as_str()?.strip_prefix(ROLE)?.to_owned())
}

fn actions(statement: &Value) -> BTreeSet<String> {
    set(list(&statement["Action"]).into_iter().map(named))
}

#[test]
fn roles_have_the_names_that_key_and_policy_go_by() {
    let template = Template::read();
    for function in template.functions() {
        let name = named(&function.role()["Properties"]["RoleName"]);
        assert_eq!(name, format!("${{AWS::StackName}}-${{AWS::Region}}-{}", function.name()));
    }
}

#[test]
fn only_entitled_roles_may_use_the_key_of_events() {
    let template = Template::read();
    let encryption = &template.resource("EventsTable")["Properties"]["SSESpecification"]["Fn::If"];
    assert_eq!((&encryption[0], &encryption[1]["SSEType"]), (&json!("HasOwnKey"), &json!("KMS")));
    assert_eq!(named(&encryption[1]["KMSMasterKeyId"]), "EventsTableKey.Arn");
    let key = template.resource("EventsTableKey");
    assert_eq!(key["Condition"], "HasOwnKey");
    // Without the key the table is lost.
    assert_eq!((&key["DeletionPolicy"], &key["UpdateReplacePolicy"]), (&json!("Retain"), &json!("Retain")));
    assert_eq!(key["Properties"]["EnableKeyRotation"], true);

    let uses =
        ["Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey*", "ReEncrypt*"].map(|use_| format!("kms:{use_}"));
    let through_dynamodb = json!({
        "kms:CallerAccount": {"Ref": "AWS::AccountId"},
        "kms:ViaService": {"Fn::Sub": "dynamodb.${AWS::Region}.${AWS::URLSuffix}"},
    });
    for statement in list(&key["Properties"]["KeyPolicy"]["Statement"]) {
        assert_eq!(statement["Effect"], "Allow");
        let (condition, actions) = (&statement["Condition"], actions(statement));
        let named = || principals(&condition["ArnEquals"]["aws:PrincipalArn"]);
        match statement["Sid"].as_str() {
            Some("Use") => {
                assert_eq!(condition["StringEquals"], through_dynamodb);
                same("uses of the key", &actions, &set(uses.clone()));
                let mut entitled = entitled(&template);
                entitled.insert(DEPLOYERS.to_owned());
                same("who may use the key", &named(), &entitled);
            }
            Some("Tables") => {
                assert_eq!(condition["StringEquals"], through_dynamodb);
                same("grants", &actions, &set(["kms:CreateGrant".to_owned()]));
                same("who may make a table", &named(), &set([OPERATORS, DEPLOYERS].map(str::to_owned)));
            }
            // Who manages the key, and DynamoDB itself, use it for nothing.
            Some("Manage" | "DynamoDB") => {
                let using = ["kms:*", "Decrypt", "Encrypt", "GenerateDataKey", "CreateGrant", "Sign", "Mac"];
                assert!(!actions.iter().any(|action| using.iter().any(|word| action.contains(word))), "{actions:?}");
            }
            _ => panic!("{statement}"),
        }
    }
}

#[test]
fn only_entitled_roles_access_events_and_their_stream() {
    let template = Template::read();
    let table = &template.resource("EventsTable")["Properties"];
    let arn = "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/${AWS::StackName}-events";
    let of_items = [
        "BatchGetItem",
        "BatchWriteItem",
        "ConditionCheckItem",
        "DeleteItem",
        "EnableKinesisStreamingDestination",
        "ExportTableToPointInTime",
        "GetItem",
        "PartiQLDelete",
        "PartiQLInsert",
        "PartiQLSelect",
        "PartiQLUpdate",
        "PutItem",
        "Query",
        "RestoreTableToPointInTime",
        "Scan",
        "UpdateItem",
    ];
    let policies = [
        (&table["ResourcePolicy"], arn.to_owned(), &of_items[..]),
        (
            &table["StreamSpecification"]["ResourcePolicy"],
            format!("{arn}/stream/*"),
            &["GetRecords", "GetShardIterator"],
        ),
    ];
    for (policy, resource, denied) in policies {
        let policy = &policy["Fn::If"];
        assert_eq!((&policy[0], &policy[2]), (&json!("LimitsEvents"), &json!({"Ref": "AWS::NoValue"})));
        let statements = list(&policy[1]["PolicyDocument"]["Statement"]);
        let [statement] = statements[..] else { panic!("one statement: {statements:?}") };
        assert_eq!((&statement["Effect"], &statement["Principal"]), (&json!("Deny"), &json!("*")));
        assert_eq!(named(&statement["Resource"]), resource);
        same("denied", &actions(statement), &set(denied.iter().map(|action| format!("dynamodb:{action}"))));
        // It says nothing of who manages the table: they can take it away, which CloudTrail notes.
        let condition = statement["Condition"].as_object().unwrap();
        assert_eq!(condition.len(), 1);
        same("who is excepted", &principals(&condition["ArnNotEquals"]["aws:PrincipalArn"]), &entitled(&template));
    }
    // What functions do with events is among what all others are denied.
    for function in template.functions() {
        for (resource, action) in function.grants() {
            let action = super::reading::whole(&action).trim_start_matches("dynamodb:").to_owned();
            assert!(resource != "EventsTable.Arn" || of_items.contains(&action.as_str()), "{action}");
        }
    }
}

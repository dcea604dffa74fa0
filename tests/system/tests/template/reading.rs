//! The template, as far as the tests ask about it.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};

use saphyr::{LoadableYamlNode, ScalarOwned, YamlOwned};
use serde_json::{Map, Value, json};

/// The root of the project.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A file of the project.
pub(crate) fn text(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// A SAM template in the long form of its functions: `!Ref x` is `{"Ref": "x"}`.
pub(crate) struct Template(Value);

/// A function of the template.
#[derive(Clone, Copy)]
pub(crate) struct Function<'a> {
    /// What the template calls it.
    pub(crate) id: &'a str,
    pub(crate) resource: &'a Value,
    template: &'a Template,
}

impl Template {
    pub(crate) fn read() -> Self {
        let documents = YamlOwned::load_from_str(&text("template.yaml")).expect("the template is YAML");
        Self(json(&documents[0]))
    }

    pub(crate) fn resources<'a>(&'a self, kind: &str) -> Vec<(&'a str, &'a Value)> {
        let resources = self.0["Resources"].as_object().expect("a template has resources");
        resources.iter().filter(|(_, r)| r["Type"] == kind).map(|(id, r)| (id.as_str(), r)).collect()
    }

    pub(crate) fn resource(&self, id: &str) -> &Value {
        self.0["Resources"].get(id).unwrap_or_else(|| panic!("there is no {id}"))
    }

    /// A condition that parameters decide.
    pub(crate) fn condition(&self, name: &str) -> &Value {
        self.0["Conditions"].get(name).unwrap_or_else(|| panic!("there is no condition {name}"))
    }

    /// What a rule asserts, and when.
    pub(crate) fn rule(&self, name: &str) -> &Value {
        self.0["Rules"].get(name).unwrap_or_else(|| panic!("there is no rule {name}"))
    }

    pub(crate) fn parameter(&self, name: &str) -> &Value {
        self.0["Parameters"].get(name).unwrap_or_else(|| panic!("there is no parameter {name}"))
    }

    pub(crate) fn functions(&self) -> Vec<Function<'_>> {
        let functions = self.resources("AWS::Serverless::Function");
        functions.into_iter().map(|(id, resource)| Function { id, resource, template: self }).collect()
    }

    pub(crate) fn function(&self, name: &str) -> Function<'_> {
        let found = self.functions().into_iter().find(|function| function.name() == name);
        found.unwrap_or_else(|| panic!("there is no function {name}"))
    }

    /// A setting of a function: its own, or that of all.
    fn setting<'a>(&'a self, function: &'a Value, name: &str) -> &'a Value {
        function["Properties"].get(name).unwrap_or(&self.0["Globals"]["Function"][name])
    }
}

impl<'a> Function<'a> {
    /// The name of its binary in `functions/src/bin`.
    pub(crate) fn name(&self) -> &'a str {
        let binary = self.resource["Metadata"]["BuildProperties"]["Binary"].as_str();
        binary.unwrap_or_else(|| panic!("{} names no binary", self.id))
    }

    pub(crate) fn setting(&self, name: &str) -> &'a Value {
        self.template.setting(self.resource, name)
    }

    /// What calls it.
    pub(crate) fn events(&self, kind: &str) -> Vec<&'a Value> {
        let events = self.resource["Properties"]["Events"].as_object().into_iter().flat_map(Map::values);
        events.filter(|event| event["Type"] == kind).map(|event| &event["Properties"]).collect()
    }

    /// What it reads from its environment, and the resource that the template sets it to without the page.
    pub(crate) fn variables(&self) -> BTreeMap<String, String> {
        let variables = |of: &Value| of["Variables"].as_object().cloned().unwrap_or_default();
        let shared = variables(&self.template.0["Globals"]["Function"]["Environment"]);
        let own = variables(&self.resource["Properties"]["Environment"]);
        let without_page = |value: &Value| named(value.pointer("/Fn::If/2").unwrap_or(value));
        shared.into_iter().chain(own).map(|(name, value)| (name, without_page(&value))).collect()
    }

    /// Its role, which must be its own.
    pub(crate) fn role(&self) -> &'a Value {
        let role = format!("{}Role", self.id);
        assert_eq!(named(&self.resource["Properties"]["Role"]), format!("{role}.Arn"), "the role of {}", self.id);
        self.template.resource(&role)
    }

    /// What it may do: pairs of a resource and an action, which may be [`narrowed`].
    pub(crate) fn grants(&self) -> BTreeSet<(String, String)> {
        let role = &self.role()["Properties"];
        assert!(role.get("ManagedPolicyArns").is_none(), "{} has a policy that stands elsewhere", self.id);
        for elsewhere in ["Policies", "PolicyTemplates"] {
            assert!(
                self.resource["Properties"].get(elsewhere).is_none(),
                "{} has {elsewhere} beside its role",
                self.id
            );
        }
        let policies = role["Policies"].as_array().into_iter().flatten();
        let statements = policies.flat_map(|policy| list(&policy["PolicyDocument"]["Statement"]));
        let mut grants = BTreeSet::new();
        for statement in statements {
            if statement["Effect"] == "Deny" {
                continue;
            }
            assert!(statement.get("NotAction").is_none() && statement.get("NotResource").is_none(), "{}", self.id);
            let condition = statement.get("Condition");
            let sends = list(&statement["Action"]).into_iter().any(|action| named(action).starts_with("ses:"));
            assert_eq!(condition == Some(&one_sender()), sends, "mails of {} come from one address", self.id);
            let keys = condition.filter(|_| !sends).map(|condition| {
                let keys = &condition["ForAllValues:StringLike"]["dynamodb:LeadingKeys"];
                // `ForAllValues` is true of a request without keys as well.
                let condition_on_keys = json!({
                    "ForAllValues:StringLike": {"dynamodb:LeadingKeys": keys},
                    "Null": {"dynamodb:LeadingKeys": "false"},
                });
                assert_eq!(*condition, condition_on_keys, "{}", self.id);
                list(keys).into_iter().map(named).collect::<Vec<_>>()
            });
            for resource in list(&statement["Resource"]) {
                let actions = list(&statement["Action"]).into_iter().map(named);
                let actions = actions.map(|action| match &keys {
                    Some(keys) => narrowed(&action, &keys.iter().map(String::as_str).collect::<Vec<_>>()),
                    None => action,
                });
                grants.extend(actions.map(|action| (named(resource), action)));
            }
        }
        grants
    }
}

/// The condition under which mails are sent.
fn one_sender() -> Value {
    json!({"StringEquals": {"ses:FromAddress": {"Ref": "MailFrom"}}})
}

/// An action on those items alone whose partition key is like one of these.
pub(crate) fn narrowed(action: &str, keys: &[&str]) -> String {
    format!("{action} where keys are like {}", keys.join(" or "))
}

/// The same action on whatever items.
pub(crate) fn whole(action: &str) -> &str {
    action.split_once(" where ").map_or(action, |(action, _)| action)
}

/// One thing, many of them, or none.
pub(crate) fn list(value: &Value) -> Vec<&Value> {
    match value {
        Value::Null => Vec::new(),
        Value::Array(many) => many.iter().collect(),
        one => vec![one],
    }
}

/// What stands there, in one word: the name that is referred to, the attribute that is got, the text.
pub(crate) fn named(value: &Value) -> String {
    let text = ["Ref", "Fn::GetAtt", "Fn::Sub"].into_iter().find_map(|function| value.get(function)).unwrap_or(value);
    text.as_str().unwrap_or_else(|| panic!("{value} is no name")).to_owned()
}

/// YAML as JSON, the short forms of functions as the long ones.
fn json(yaml: &YamlOwned) -> Value {
    match yaml {
        YamlOwned::Value(ScalarOwned::Null) => Value::Null,
        YamlOwned::Value(ScalarOwned::Boolean(value)) => json!(value),
        YamlOwned::Value(ScalarOwned::Integer(value)) => json!(value),
        YamlOwned::Value(ScalarOwned::FloatingPoint(value)) => json!(value.into_inner()),
        YamlOwned::Value(ScalarOwned::String(value)) => json!(value),
        YamlOwned::Sequence(items) => items.iter().map(json).collect(),
        YamlOwned::Mapping(items) => {
            let key = |key: &YamlOwned| key.as_str().expect("keys are texts").to_owned();
            items.iter().map(|(name, value)| (key(name), json(value))).collect::<Map<_, _>>().into()
        }
        YamlOwned::Tagged(tag, value) => {
            let function = match tag.suffix.as_str() {
                short @ ("Ref" | "Condition") => short.to_owned(),
                short => format!("Fn::{short}"),
            };
            json!({ function: json(value) })
        }
        other => panic!("{other:?} in a template"),
    }
}

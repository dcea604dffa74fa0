//! What the function that serves strangers can reach of the documents, should it be taken over.

use photovote_domain::ElectionId;

use super::{
    observer::like,
    reading::{Function, Template, list, named},
};

/// The table that it reads.
pub(crate) const DOCUMENTS: &str = "DocumentsTable.Arn";
/// The partitions that are public.
pub(crate) const PUBLIC: [&str; 3] = ["generations", "*#public#??????????????????????????", "*#receipts#*"];

/// What a function may do with which partitions of the documents, as IAM decides it.
pub(crate) struct Partitions {
    allowed: Vec<(Vec<String>, Vec<String>)>,
    denied: Vec<(Vec<String>, Vec<String>)>,
}

impl Partitions {
    pub(crate) fn of(function: &Function<'_>) -> Self {
        let mut partitions = Self { allowed: Vec::new(), denied: Vec::new() };
        let policies = list(&function.role()["Properties"]["Policies"]);
        let statements = policies.into_iter().flat_map(|policy| list(&policy["PolicyDocument"]["Statement"]));
        for statement in statements.filter(|statement| named(&statement["Resource"]) == DOCUMENTS) {
            let texts = |value| list(value).into_iter().map(named).collect::<Vec<_>>();
            let (side, operator) = match statement["Effect"].as_str() {
                Some("Allow") => (&mut partitions.allowed, "ForAllValues:StringLike"),
                _ => (&mut partitions.denied, "ForAnyValue:StringLike"),
            };
            let keys = texts(&statement["Condition"][operator]["dynamodb:LeadingKeys"]);
            assert!(!keys.is_empty(), "{statement} is about all partitions");
            side.push((texts(&statement["Action"]), keys));
        }
        partitions
    }

    pub(crate) fn may(&self, action: &str, key: &str) -> bool {
        let says = |statements: &[(Vec<String>, Vec<String>)]| {
            let about = |(actions, keys): &(Vec<String>, Vec<String>)| {
                actions.iter().any(|one| one == action) && keys.iter().any(|pattern| like(pattern, key))
            };
            statements.iter().any(about)
        };
        says(&self.allowed) && !says(&self.denied)
    }
}

#[test]
fn public_queries_reaches_only_public_partitions() {
    let strangers = Partitions::of(&Template::read().function("public-queries"));
    let election = ElectionId::from_bits(u128::MAX);
    for generation in ["1", "00000000000000000000000000000007", "blue-2"] {
        for action in ["dynamodb:GetItem", "dynamodb:Query"] {
            for partition in [format!("public#{election}"), format!("receipts#{election}#31")] {
                assert!(strangers.may(action, &format!("{generation}#{partition}")), "{action} {partition}");
            }
            for partition in [format!("voters#{election}"), format!("counted#{election}"), election.to_string()] {
                assert!(!strangers.may(action, &format!("{generation}#{partition}")), "{action} {partition}");
            }
            // A subject is any text, also one that makes the key look like another's.
            let subjects = ["ada", "x".repeat(20).as_str(), "y".repeat(26).as_str(), "a#receipts#b", "#public#"]
                .map(str::to_owned)
                .into_iter()
                .chain([format!("receipts#{election}#0"), format!("public#{election}"), election.to_string()]);
            for subject in subjects {
                assert!(!strangers.may(action, &format!("{generation}#owner#{subject}")), "{action} {subject}");
            }
        }
        for action in ["dynamodb:Scan", "dynamodb:PutItem", "dynamodb:BatchGetItem"] {
            assert!(!strangers.may(action, &format!("{generation}#public#{election}")), "{action}");
        }
    }
    assert!(strangers.may("dynamodb:GetItem", "generations") && !strangers.may("dynamodb:GetItem", "work"));
}

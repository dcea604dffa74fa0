//! Who may create elections, and how many.

use std::num::NonZeroU32;

use photovote_edge::{Administrator, Code, Problem};
use thiserror::Error;

/// How many elections an administrator may create, unless the operator says otherwise.
const MOST: NonZeroU32 = NonZeroU32::new(1_000).unwrap();

/// Who may create elections, and how many. Unless the operator says otherwise, every administrator may create 1,000.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreationRules {
    /// Members of this group only, if there is one (the claim `cognito:groups`).
    pub group: Option<String>,
    /// Holders of tokens with this scope only, if there is one (the claim `scope`).
    pub scope: Option<String>,
    /// The most elections that one administrator may create, those that were deleted included.
    pub most: NonZeroU32,
}

/// A number of elections is no number from 1 on.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the most elections of one administrator must be a whole number from 1 to 4294967295, not {0:?}")]
pub struct MostError(String);

impl Default for CreationRules {
    fn default() -> Self {
        Self { group: None, scope: None, most: MOST }
    }
}

impl CreationRules {
    /// What an operator has set: a group, a scope, and a number of elections as text.
    pub fn parse(group: Option<String>, scope: Option<String>, most: Option<String>) -> Result<Self, MostError> {
        let most = most.map_or(Ok(MOST), |text| text.parse().map_err(|_no_number| MostError(text)))?;
        Ok(Self { group, scope, most })
    }

    /// Lets an administrator through who may create elections.
    pub(crate) fn admit(&self, caller: &Administrator) -> Result<(), Problem> {
        let in_group = self.group.as_ref().is_none_or(|group| caller.groups.contains(group));
        let in_scope = self.scope.as_ref().is_none_or(|scope| caller.scopes.contains(scope));
        if in_group && in_scope {
            return Ok(());
        }
        Err(Problem::new(Code::CreationForbidden, Code::CreationForbidden.meaning()))
    }

    /// What an administrator is told who has created as many as that.
    pub(crate) fn exhausted(&self) -> Problem {
        let most = self.most;
        let detail =
            format!("you have created {most} elections, the most that one administrator may: ask the operator");
        Problem::new(Code::TooManyElections, detail)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_of_elections_is_a_number_from_one_on() {
        let most =
            |text: &str| CreationRules::parse(None, None, Some(text.to_owned())).map(|creation| creation.most.get());
        assert_eq!(CreationRules::parse(None, None, None), Ok(CreationRules::default()));
        assert_eq!((most("1"), most("4294967295")), (Ok(1), Ok(u32::MAX)));
        for text in ["0", "-1", "", "many", "4294967296", "1.5"] {
            assert_eq!(most(text), Err(MostError(text.to_owned())));
        }
    }
}

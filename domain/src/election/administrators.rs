//! Who administers an election, and what each of them may do.

use std::{collections::BTreeMap, fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::{ElectionCommand, ElectionRejection};
use crate::ids::Subject;

/// What an administrator may do with an election. Each role may do all that the ones before it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Sees everything that an administrator can see, and changes nothing.
    Observer,
    /// Prepares and holds the election: everything but what is the owners'.
    Editor,
    /// Also deletes the election, and decides who administers it.
    Owner,
}

impl Role {
    /// All roles, the least first.
    pub const ALL: [Self; 3] = [Self::Observer, Self::Editor, Self::Owner];

    /// The role as it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Observer => "observer",
            Self::Editor => "editor",
            Self::Owner => "owner",
        }
    }

    /// The least role that takes an administrator out: another one takes an owner, oneself takes none.
    pub fn to_remove(subject: &Subject, by: &Subject) -> Self {
        if subject == by { Self::Observer } else { Self::Owner }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a text is not a role.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("a role is owner, editor or observer")]
pub struct RoleError;

impl FromStr for Role {
    type Err = RoleError;

    fn from_str(text: &str) -> Result<Self, RoleError> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or(RoleError)
    }
}

impl ElectionCommand {
    /// The least role that an administrator needs for this. Reading needs an observer, and what changes an election's voters
    /// an editor.
    pub fn needs(&self, by: &Subject) -> Role {
        match self {
            Self::Delete | Self::AppointAdministrator { .. } => Role::Owner,
            Self::RemoveAdministrator { subject } => Role::to_remove(subject, by),
            _ => Role::Editor,
        }
    }
}

/// An election's administrators, by their subjects as history has them, with the role of each. While the election exists at
/// least one of them is an owner.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Administrators(BTreeMap<String, Role>);

impl Administrators {
    /// Those of an election that somebody has just created.
    pub fn owned_by(owner: String) -> Self {
        Self(BTreeMap::from([(owner, Role::Owner)]))
    }

    /// The role of this subject, if it is an administrator.
    pub fn role_of(&self, subject: &Subject) -> Option<Role> {
        self.0.get(subject.as_str()).copied()
    }

    /// Refuses whoever has not at least this role. For those who have none there is no such election.
    pub fn admit(&self, subject: &Subject, needed: Role) -> Result<(), ElectionRejection> {
        match self.role_of(subject) {
            None => Err(ElectionRejection::NotFound),
            Some(role) if role < needed => Err(ElectionRejection::RoleInsufficient(needed)),
            Some(_) => Ok(()),
        }
    }

    /// The administrators in the order of their subjects.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Role)> {
        self.0.iter().map(|(subject, role)| (subject.as_str(), *role))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Are there none, because there is no election?
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Is this one of them, as history has it?
    pub fn contains(&self, subject: &str) -> bool {
        self.0.contains_key(subject)
    }

    /// Is this the only owner?
    pub(super) fn is_last_owner(&self, subject: &Subject) -> bool {
        let owners = self.0.values().filter(|role| **role == Role::Owner).count();
        owners == 1 && self.role_of(subject) == Some(Role::Owner)
    }

    pub(super) fn set(&mut self, subject: String, role: Role) {
        self.0.insert(subject, role);
    }

    pub(super) fn remove(&mut self, subject: &str) {
        self.0.remove(subject);
    }
}

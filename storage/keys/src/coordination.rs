//! The keys of the coordination table, which is called `control`.

use photovote_domain::{
    Digest, ElectionId, ImportId, MailingId, Shard, ShardCount, Subject, Timestamp, Version, VoterId,
};

use crate::{
    Key,
    events::{Partition, Stream},
    key,
};

/// A list of elections that need attention.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum List {
    /// Those that are to open, open or closing, for the clock.
    Schedule,
    /// Those whose ballots may not be counted yet, for the reconciler.
    Counting,
    /// Those that are being imported: they have no gates.
    Importing,
}

impl List {
    /// The list's partition.
    pub const fn partition(self) -> &'static str {
        match self {
            Self::Schedule => "schedule",
            Self::Counting => "counting",
            Self::Importing => "importing",
        }
    }
}

/// The partition of the counters of creations.
pub const CREATIONS: &str = "creations";

/// The partition of a shard: its gate, and the guards of its addresses.
pub fn shard_partition(election: ElectionId, shard: Shard) -> String {
    format!("{election}#{shard}")
}

/// The gate of a shard.
pub fn gate_key(election: ElectionId, shard: Shard) -> Key {
    key(shard_partition(election, shard), "gate".to_owned())
}

/// The guard of an email address, which is known by its [key](photovote_domain::Email::key).
pub fn guard_key(election: ElectionId, shards: ShardCount, email: &Digest) -> Key {
    let email = email.to_string();
    let shard = shards.shard_of(&email);
    key(shard_partition(election, shard), format!("email#{email}"))
}

/// The entry of an election in a list.
pub fn listed_key(list: List, election: ElectionId) -> Key {
    key(list.partition().to_owned(), election.to_string())
}

/// The counter of the elections that an administrator has created.
pub fn creations_key(administrator: &Subject) -> Key {
    key(CREATIONS.to_owned(), administrator.as_str().to_owned())
}

/// The partition of an election's snapshot.
pub fn snapshot_partition(election: ElectionId) -> String {
    format!("{election}#snapshot")
}

/// A part of an election's snapshot.
pub fn snapshot_key(election: ElectionId, part: usize) -> Key {
    key(snapshot_partition(election), format!("{part:02}"))
}

/// The partition of what is known of an election's imports while they go on.
pub fn imports_partition(election: ElectionId) -> String {
    format!("{election}#imports")
}

/// What is known of an import.
pub fn import_key(election: ElectionId, import: ImportId) -> Key {
    key(imports_partition(election), import.to_string())
}

/// What the sort keys of an import's refused rows begin with.
pub fn rejected_prefix(import: ImportId) -> String {
    format!("{import}#rejected#")
}

/// A part of the refused rows of an import.
pub fn rejected_key(election: ElectionId, import: ImportId, part: usize) -> Key {
    key(imports_partition(election), format!("{}{part:03}", rejected_prefix(import)))
}

/// The partition in which a follower of this name tracks the commits of a partition of events.
pub fn tracking_partition(follower: &str, election: ElectionId, partition: Partition) -> String {
    format!("{}#followed#{follower}", partition.key(election))
}

/// The item that says that a follower has followed the commit at this place.
pub fn tracking_key(follower: &str, stream: &Stream, first: Version) -> Key {
    key(tracking_partition(follower, stream.election(), stream.lies_in()), stream.sort_key(first))
}

/// The partition of what an election's organiser was told about its opening.
pub fn notices_partition(election: ElectionId) -> String {
    format!("{election}#notices")
}

/// The item that says that the organiser was told this about the opening at this moment.
pub fn notice_key(election: ElectionId, opens_at: Timestamp, notice: &str) -> Key {
    key(notices_partition(election), format!("{:020}#{notice}", opens_at.millis()))
}

/// What the sort keys of voters begin with who may lack their link.
pub const DUE: &str = "due#";

/// The partition of the mails to a shard's voters.
pub fn mail_partition(election: ElectionId, shard: Shard) -> String {
    format!("{election}#{shard}#mail")
}

/// The item that says that a voter may lack their link.
pub fn due_key(election: ElectionId, shard: Shard, voter: VoterId) -> Key {
    key(mail_partition(election, shard), format!("{DUE}{voter}"))
}

/// The sort key of the item that says that all voters of a shard may lack their links.
pub const EVERYBODY: &str = "due";

/// The item that says that all voters of a shard may lack their links.
pub fn everybody_due_key(election: ElectionId, shard: Shard) -> Key {
    key(mail_partition(election, shard), EVERYBODY.to_owned())
}

/// What the sort keys of voters begin with who were mailed their link.
pub const MAILED: &str = "mailed#";

/// The item that says which link was mailed to a voter.
pub fn mailed_key(election: ElectionId, shard: Shard, voter: VoterId) -> Key {
    key(mail_partition(election, shard), format!("{MAILED}{voter}"))
}

/// The item that says that a mail of a mailing is due to a voter. It comes after the voter's own item, and before the next voter's.
pub fn mail_due_key(election: ElectionId, shard: Shard, voter: VoterId, mailing: MailingId) -> Key {
    key(mail_partition(election, shard), format!("{DUE}{voter}#{mailing}"))
}

/// What the sort keys of mailings begin with whose recipients are to be found. They come after all mails that are due.
pub const FINDING: &str = "due+";

/// The item that says that the recipients of a mailing are to be found in a shard.
pub fn finding_key(election: ElectionId, shard: Shard, mailing: MailingId) -> Key {
    key(mail_partition(election, shard), format!("{FINDING}{mailing}"))
}

/// What became of a shard's mails: those of a mailing, or the invitations that no administrator asked for.
pub fn counts_key(election: ElectionId, shard: Shard, mailing: Option<MailingId>) -> Key {
    let sort_key = mailing.map_or_else(|| "counts".to_owned(), |mailing| format!("counts#{mailing}"));
    key(mail_partition(election, shard), sort_key)
}

/// What the sort keys of voters begin with whose invitation did not arrive.
pub const BOUNCED: &str = "bounced#";

/// The item that says that a voter's invitation did not arrive.
pub fn bounced_key(election: ElectionId, shard: Shard, voter: VoterId) -> Key {
    key(mail_partition(election, shard), format!("{BOUNCED}{voter}"))
}

/// The item that says that a report about a mail is counted.
pub fn reported_key(election: ElectionId, shard: Shard, voter: VoterId, mail: &str, report: &str) -> Key {
    key(mail_partition(election, shard), format!("reported#{voter}#{mail}#{report}"))
}

/// The item by which a voter ends reminders and results.
pub fn unsubscribe_key(election: ElectionId, shard: Shard, voter: VoterId) -> Key {
    key(mail_partition(election, shard), format!("unsubscribe#{voter}"))
}

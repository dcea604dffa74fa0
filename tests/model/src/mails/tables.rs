//! What stands in the tables about one voter, and which mails went out.

use std::collections::{BTreeMap, BTreeSet};

use crate::mails::{Command, Kind, Mails, follower::Delivery};

/// The number of a voter's link.
pub type Link = u8;
/// The number of a mailing: that of its request.
pub type Mailing = u8;

/// Where a voter is in their life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Status {
    Absent,
    Registered,
    Removed,
}

/// A voter's stream, folded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Voter {
    /// The version.
    pub version: u8,
    /// Where the voter is in their life.
    pub status: Status,
    /// The present link.
    pub link: Link,
    /// The present address.
    pub address: u8,
}

impl Voter {
    /// Is the voter there?
    pub fn is_registered(self) -> bool {
        self.status == Status::Registered
    }
}

/// What opens a ballot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token {
    /// The link that it is in.
    pub link: Link,
    /// Tells tokens of one link apart. If they are derived, there is one.
    pub salt: u8,
}

/// A ballot's stream, folded.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Ballot {
    /// The version.
    pub version: u8,
    /// Did it go with its voter?
    pub is_voided: bool,
    /// The link that it awaits.
    pub awaited: Option<Link>,
    /// What opens it.
    pub token: Option<Token>,
    /// All that ever opened it. Nobody in the model sees this.
    pub recorded: BTreeSet<Token>,
}

/// What a commit has the follower ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ask {
    /// The voter's link.
    Voter,
    /// The links of all voters.
    Everybody,
    /// The recipients of a mailing.
    Mailing(Mailing),
}

/// An item of a mail that may be due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Due {
    /// The mailer that has claimed it. A claim whose mailer has crashed is as good as none.
    pub claimant: Option<u8>,
    /// Was it asked for again after it was claimed? (`asked` is no longer what the claim says.)
    pub asked_again: bool,
    /// The mailing that has a link sent.
    pub mailing: Option<Mailing>,
    /// Is a link sent although it was sent before?
    pub again: bool,
}

impl Due {
    /// One more asks for it (`ADD asked :one`).
    pub(crate) fn asked(item: &mut Option<Self>) -> &mut Self {
        match item {
            Some(due) => due.asked_again = due.claimant.is_some(),
            None => *item = Some(Self::default()),
        }
        item.get_or_insert_default()
    }
}

/// An item of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Item {
    /// The voter's link.
    Link,
    /// A mail of a mailing.
    Mail(Mailing),
}

/// The tables, as far as the protocol looks at them.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Tables {
    /// Events: is the election open?
    pub is_open: bool,
    /// Events: the voter.
    pub voter: Voter,
    /// Events: the voter's ballot.
    pub ballot: Ballot,
    /// Events, and the marks of the follower: commits that it looks at, and how far it is with each.
    pub commits: Vec<(Ask, Delivery)>,
    /// Control: all voters may lack their links; so often that was asked for.
    pub everybody: Option<u8>,
    /// Control: the voter may lack the link.
    pub link: Option<Due>,
    /// Control: mails of mailings that are due.
    pub mails: Vec<Option<Due>>,
    /// Control: mailings whose recipients are to be found.
    pub finding: Vec<bool>,
    /// Control: the last link that was mailed.
    pub mailed: Option<Link>,
    /// Control: how many mails of each mailing are queued.
    pub queued: Vec<u8>,
}

impl Tables {
    pub(crate) fn item(&mut self, item: Item) -> &mut Option<Due> {
        match item {
            Item::Link => &mut self.link,
            Item::Mail(mailing) => &mut self.mails[usize::from(mailing)],
        }
    }

    pub(crate) fn ask_for_everybody(&mut self) {
        self.everybody = Some(self.everybody.unwrap_or(0) + 1);
    }

    pub(crate) fn nothing_is_due(&self) -> bool {
        let is_followed = |(_, delivery): &(Ask, Delivery)| matches!(delivery, Delivery::Followed | Delivery::Ignored);
        self.commits.iter().all(is_followed)
            && self.everybody.is_none()
            && self.link.is_none()
            && self.mails.iter().all(Option::is_none)
            && !self.finding.contains(&true)
    }
}

/// A mail that is sent once. The service knows it by a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mail {
    /// The link that it is an invitation with.
    pub invitation: Option<Link>,
    /// The mailing that it is of, or that has the link sent once more.
    pub mailing: Option<Mailing>,
}

/// Which mails went out.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a thing that happened or not")]
pub struct Outbox {
    /// Each mail that went out, and how many copies more may, because it could not be noted that one did.
    pub sent: BTreeMap<Mail, u8>,
    /// Which tokens went to which addresses.
    pub went: BTreeSet<(Token, u8)>,
    /// The voter was registered when these mailings were requested.
    pub invited: BTreeSet<Mailing>,
    /// Did a mail go out once more, with a reason?
    pub sent_again: bool,
    /// Did a mail go out once more without a reason?
    pub sent_twice: bool,
    /// Did a token go out that opened nothing before?
    pub sent_unrecorded: bool,
    /// Did a mail go to a voter who was removed before the mailer's last look?
    pub sent_to_removed: bool,
    /// Was a link noted as the last one after a later one was?
    pub went_back: bool,
    /// Did a claim end while its mailer was still at it?
    pub taken_over: bool,
}

impl Outbox {
    /// A mail goes out.
    pub(crate) fn send(&mut self, mail: Mail) {
        match self.sent.get_mut(&mail) {
            None => drop(self.sent.insert(mail, 0)),
            Some(0) if !self.taken_over => self.sent_twice = true,
            Some(copies) => {
                *copies = copies.saturating_sub(1);
                self.sent_again = true;
            }
        }
    }

    /// It cannot be noted that a mail went out.
    pub(crate) fn forget(&mut self, mail: Mail) {
        if let Some(copies) = self.sent.get_mut(&mail) {
            *copies = 2.min(*copies + 1);
        }
    }
}

/// The tables and mails at the beginning.
pub(crate) fn initial(model: &Mails) -> (Tables, Outbox) {
    let requested = model.commands.len();
    let mut voter = Voter { version: 0, status: Status::Absent, link: 0, address: 0 };
    let mut ballot = Ballot { version: 0, is_voided: false, awaited: None, token: None, recorded: BTreeSet::default() };
    let (mut outbox, mut mailed) = (Outbox::default(), None);
    if !model.requests(Command::Register) {
        let token = Token { link: 1, salt: 0 };
        voter = Voter { version: 1, status: Status::Registered, link: 1, address: 0 };
        ballot = Ballot { version: 2, token: Some(token), recorded: [token].into(), ..ballot };
        outbox.send(Mail { invitation: Some(1), mailing: None });
        outbox.went.insert((token, 0));
        mailed = Some(1);
    }
    let tables = Tables {
        is_open: !model.requests(Command::Open),
        voter,
        ballot,
        commits: Vec::new(),
        everybody: None,
        link: None,
        mails: vec![None; requested],
        finding: vec![false; requested],
        mailed,
        queued: vec![0; requested],
    };
    (tables, outbox)
}

/// The kind of a mailing.
pub(crate) fn kind(model: &Mails, mailing: Mailing) -> Option<Kind> {
    match model.commands.get(usize::from(mailing)) {
        Some(Command::Mail(kind)) => Some(*kind),
        _ => None,
    }
}

//! What voting costs, step by step: `tests/budgets` asserts it of the functions, and the page of costs is reckoned from it.

/// One step, by a function that has just seen the election, and the voter's ballot if it was that one which changed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// What is done.
    pub what: &'static str,
    /// The DynamoDB calls: `"PutItem, 2 Query"`.
    pub calls: &'static str,
    /// The write units.
    pub write_units: usize,
    /// The read units, as if each read were consistent.
    pub read_units: usize,
    /// The size of the answer, in bytes.
    pub answer: usize,
}

const fn step(what: &'static str, calls: &'static str, units: [usize; 2], answer: usize) -> Step {
    let [write_units, read_units] = units;
    Step { what, calls, write_units, read_units, answer }
}

/// One voter's way through an election.
#[derive(Debug, Clone, Copy)]
pub struct Journey {
    /// In words.
    pub name: &'static str,
    /// How many photographs there are; the voter rates them all.
    pub photographs: u16,
    /// How many are rated in one request before the cast; none, if the ratings are sent along with it.
    pub rated_at_once: Option<u16>,
    /// The steps: registering, opening the ballot, rating as often as it takes, casting, asking for the receipt.
    pub steps: &'static [Step],
    /// The write units of projecting the registration.
    pub projected: usize,
    /// The write units and the read units of counting a thousand such ballots, in 16 shards.
    pub counted: [usize; 2],
}

/// A few photographs, and no draft.
pub const AT_ONCE: Journey = Journey {
    name: "5 photographs, rated with the cast",
    photographs: 5,
    rated_at_once: None,
    steps: &[
        step("register the voter", "Query, TransactWriteItems", [8, 1], 187),
        step("open the ballot", "Query", [0, 1], 2_048),
        step("rate and cast", "Query, TransactWriteItems", [4, 1], 1_024),
        step("ask for the receipt", "GetItem, Query", [0, 2], 96),
    ],
    projected: 1,
    counted: [58, 915],
};

/// Many photographs, rated bit by bit.
pub const STEP_BY_STEP: Journey = Journey {
    name: "100 photographs, rated in five requests",
    photographs: 100,
    rated_at_once: Some(20),
    steps: &[
        step("register the voter", "Query, TransactWriteItems", [8, 1], 187),
        step("open the ballot", "Query", [0, 1], 16_384),
        step("rate 20 photographs", "PutItem, Query", [1, 1], 1_024),
        step("rate 20 more", "PutItem, Query", [1, 1], 1_024),
        step("rate 20 more", "PutItem, Query", [1, 1], 1_024),
        step("rate 20 more", "PutItem, Query", [1, 1], 1_024),
        step("rate 20 more", "PutItem, Query", [1, 1], 1_024),
        step("cast", "Query, TransactWriteItems", [10, 1], 1_024),
        step("ask for the receipt", "GetItem, Query", [0, 2], 96),
    ],
    projected: 1,
    counted: [75, 4_058],
};

/// How many voters a crowd has.
pub const CROWD: u16 = 1_000;

/// What it takes to bring many voters in at once, or to mail them: that of a [`CROWD`] in 16 shards together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Crowd {
    /// What is done for each of them.
    pub what: &'static str,
    /// The DynamoDB calls: `"PutItem, 2 Query"`.
    pub calls: &'static str,
    /// The write units, those of documents included.
    pub write_units: usize,
    /// The read units, as if each read were consistent.
    pub read_units: usize,
    /// The commits that are appended.
    pub commits: usize,
    /// The commits among them that the invitations are told of.
    pub followed: usize,
    /// The messages that the importer and the mailer receive.
    pub messages: usize,
    /// The requests to KMS: `GenerateMac`.
    pub macs: usize,
    /// The mails that SES is given.
    pub mails: usize,
}

/// From the request of an import to its end, in a draft that invites its voters.
pub const IMPORTED: Crowd = Crowd {
    what: "import the voter",
    calls: "22 BatchGetItem, DeleteItem, 2 GetItem, 5 PutItem, 1015 Query, 1000 TransactWriteItems, 3 UpdateItem",
    write_units: 9_013,
    read_units: 3_049,
    commits: 2_005,
    followed: 1_000,
    messages: 3,
    macs: 0,
    mails: 0,
};

/// From the opening of the election until everybody has their link.
pub const INVITED: Crowd = Crowd {
    what: "invite the voter (link, mail)",
    calls: "BatchGetItem, 16 DeleteItem, 1000 GetItem, 1000 PutItem, 3100 Query, 1018 TransactWriteItems, 1016 UpdateItem",
    write_units: 10_072,
    read_units: 4_259,
    commits: 1_001,
    followed: 1,
    messages: 66,
    macs: 1_000,
    mails: 1_000,
};

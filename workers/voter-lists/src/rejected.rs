//! Why a row does not become a voter, in words for the organiser.

/// The reason why a row is refused. Other rows do not suffer from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// The cell of the address is empty.
    #[error("The row has no email address.")]
    NoAddress,
    /// The cell of the address holds something else.
    #[error("The cell does not hold a valid email address.")]
    NotAnAddress,
    /// The address has more than 254 bytes.
    #[error("The email address is longer than 254 characters.")]
    AddressTooLong,
    /// The cell holds several addresses.
    #[error("The cell holds several email addresses. Give each voter a row with one address.")]
    SeveralAddresses,
    /// An earlier row has the same address, ignoring case.
    #[error("Row {first} has the same email address.")]
    Duplicate {
        /// The number of the earlier row.
        first: u32,
    },
    /// The name has more than 200 characters.
    #[error("The name is longer than 200 characters.")]
    NameTooLong,
    /// The name holds characters that hide what it says.
    #[error("The name holds invisible characters. Type it anew.")]
    NameNotReadable,
}

impl Rejected {
    /// Returns the stable name of the reason.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoAddress => "no_address",
            Self::NotAnAddress => "not_an_address",
            Self::AddressTooLong => "address_too_long",
            Self::SeveralAddresses => "several_addresses",
            Self::Duplicate { .. } => "duplicate",
            Self::NameTooLong => "name_too_long",
            Self::NameNotReadable => "name_not_readable",
        }
    }
}

//! What a control table that does not answer means to a client. Only for functions that read or pass gates.

use photovote_coordination::ControlError;

use crate::{code::Code, problem::Problem};

impl From<ControlError> for Problem {
    fn from(error: ControlError) -> Self {
        match error {
            ControlError::Storage(error) => error.into(),
            // They are not closed: an operator restores them, and it goes on.
            ControlError::Missing { .. } | ControlError::Unguarded { .. } => {
                Self::unavailable(Code::GatesMissing, Code::GatesMissing.meaning(), 30)
            }
        }
    }
}

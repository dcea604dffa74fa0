//! Requests of administrators. Each is one transaction here: what they read before it, the conditions of the transaction look at again.

use crate::imports::{
    Command,
    tables::{Holder, LATER, Status, Tables, Voter},
};

pub(crate) fn is_allowed(tables: &Tables, command: Command) -> bool {
    match command {
        Command::Register(row) => {
            let row = usize::from(row);
            tables.by_hand[row] == Voter::Absent && tables.guards[row].is_none()
        }
        Command::Remove(row) => tables.by_hand[usize::from(row)] == Voter::Registered,
        Command::RemoveImported(row) => tables.voters[usize::from(row)] == Voter::Registered,
        Command::Upload => true,
        Command::Undo => tables.status == Status::Done,
    }
}

pub(crate) fn make(tables: &mut Tables, command: Command) {
    match command {
        Command::Register(row) => {
            let row = usize::from(row);
            tables.by_hand[row] = Voter::Registered;
            tables.guards[row] = Some(Holder::Hand);
        }
        Command::Remove(row) => tables.remove(row.into(), Holder::Hand, Voter::Removed),
        Command::RemoveImported(row) => tables.remove(row.into(), Holder::Row, Voter::Removed),
        Command::Upload => tables.file = Some(LATER),
        Command::Undo => tables.move_on(Status::Undoing),
    }
}

//! Values of a body, parsed into the domain's types.

use std::{fmt::Display, str::FromStr};

use crate::{code::Code, problem::Problem};

/// The value of a field, or the problem that it is not one.
pub fn value<T: FromStr<Err: Display>>(field: &str, text: &str) -> Result<T, Problem> {
    text.parse().map_err(|error| invalid_value(field, &error))
}

/// The value of an optional field.
pub fn optional<T: FromStr<Err: Display>>(field: &str, text: Option<&str>) -> Result<Option<T>, Problem> {
    text.map(|text| value(field, text)).transpose()
}

/// The problem that a field's value breaks a rule.
pub fn invalid_value(field: &str, error: &impl Display) -> Problem {
    Problem::new(Code::InvalidValue, format!("{field}: {error}")).with_field(field)
}

//! What operators do: look at the data, save and restore them, rebuild what is served.
//!
//! [`status`], [`personal_data`] and [`backup`] look at a [copy](data_copy) of the data, whether a server is running or not.

pub mod backup;
pub(crate) mod control;
pub mod data_copy;
pub(crate) mod documents;
pub(crate) mod leftovers;
pub mod personal_data;
pub mod rebuild;
pub mod status;
pub mod voters;

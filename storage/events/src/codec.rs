//! Events to bytes and back, whatever their age.

use std::{borrow::Cow, cell::Cell};

use serde::{
    Serialize,
    de::{DeserializeOwned, DeserializeSeed, EnumAccess, VariantAccess, Visitor, value::StrDeserializer},
};
use serde_json::{Map, Value};
use thiserror::Error;

/// An event as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredEvent {
    /// Its type: the name of the domain's variant.
    pub event_type: String,
    /// The version of its payload's schema, from 1.
    pub schema_version: u32,
    /// The payload: canonical JSON (RFC 8785), byte for byte as it was hashed.
    pub payload: Vec<u8>,
}

/// What is done to a payload on its way between two versions.
pub type Cast = fn(Map<String, Value>) -> Map<String, Value>;

/// A change of an event's schema: from one version to the next.
#[derive(Debug, Clone, Copy)]
pub struct SchemaChange {
    /// The event's type.
    pub event_type: &'static str,
    /// The version before the change.
    pub from: u32,
    /// Turns a payload of the version before into one of the version after.
    pub upcast: Cast,
    /// Turns a payload back, for as long as the change is only read.
    pub downcast: Cast,
    /// Is the version after written, or only read? The release that brings a change only reads it, so that every program of a
    /// rolling deployment, and the one that it may have to go back to, can read what the next release writes.
    pub written: bool,
}

/// All changes of schemas, in ascending order for each type. Those that are not there are at their first version.
pub const SCHEMA_CHANGES: &[SchemaChange] = &[
    SchemaChange {
        event_type: "ElectionClosed",
        from: 1,
        // Older events do not say how many voters were registered.
        upcast: |payload| with(payload, "registered", Value::Null),
        downcast: |payload| without(payload, "registered"),
        written: true,
    },
    SchemaChange {
        event_type: "ElectionClosed",
        from: 2,
        // No digest follows on an older event: the election is released and served without one.
        upcast: |payload| with(payload, "digest_follows", Value::Bool(false)),
        downcast: |payload| without(payload, "digest_follows"),
        written: true,
    },
    SchemaChange {
        event_type: "CandidateAdded",
        from: 1,
        // Pictures can also be photographs that were uploaded.
        upcast: |payload| payload,
        downcast: |payload| without_photograph(payload),
        written: true,
    },
    SchemaChange {
        event_type: "CandidateImageChanged",
        from: 1,
        upcast: |payload| payload,
        downcast: |payload| without_photograph(payload),
        written: true,
    },
    SchemaChange {
        event_type: "ResultsReleased",
        from: 1,
        upcast: |payload| with(payload, "digest", Value::Null),
        downcast: |payload| without(payload, "digest"),
        written: true,
    },
];

fn with(mut payload: Map<String, Value>, name: &str, value: Value) -> Map<String, Value> {
    payload.insert(name.to_owned(), value);
    payload
}

fn without(mut payload: Map<String, Value>, name: &str) -> Map<String, Value> {
    payload.remove(name);
    payload
}

/// A release that knows no photographs shows a candidate without a picture.
fn without_photograph(mut payload: Map<String, Value>) -> Map<String, Value> {
    if payload.get("image").is_some_and(|image| image.get("photograph").is_some()) {
        payload.insert("image".to_owned(), Value::Null);
    }
    payload
}

/// The newest version of this type that can be read.
pub fn newest_version(event_type: &str) -> u32 {
    Schemas::CURRENT.known(event_type)
}

/// The version in which events of this type are written.
pub fn schema_version(event_type: &str) -> u32 {
    Schemas::CURRENT.written(event_type)
}

/// What a program knows of schemas.
#[derive(Debug, Clone, Copy)]
struct Schemas {
    changes: &'static [SchemaChange],
    /// In a rehearsal, what the release that is played knows less.
    #[cfg(feature = "rehearsal")]
    played: Option<crate::rehearsal::Release>,
}

impl Schemas {
    const CURRENT: Self = Self::of(SCHEMA_CHANGES);

    const fn of(changes: &'static [SchemaChange]) -> Self {
        Self {
            changes,
            #[cfg(feature = "rehearsal")]
            played: None,
        }
    }

    /// Those of this program.
    fn here() -> Self {
        Self {
            #[cfg(feature = "rehearsal")]
            played: crate::rehearsal::played(),
            ..Self::CURRENT
        }
    }

    fn changes_of(&self, event_type: &str) -> impl DoubleEndedIterator<Item = &'static SchemaChange> {
        self.changes.iter().filter(move |change| change.event_type == event_type)
    }

    fn known(&self, event_type: &str) -> u32 {
        let newest = self.changes_of(event_type).map(|change| change.from + 1).max().unwrap_or(1);
        #[cfg(feature = "rehearsal")]
        let newest = self.played.map_or(newest, |release| release.known(event_type, newest));
        newest
    }

    fn written(&self, event_type: &str) -> u32 {
        let written = self.changes_of(event_type).filter(|change| change.written).map(|change| change.from + 1).max();
        let written = written.unwrap_or(1);
        #[cfg(feature = "rehearsal")]
        let written = self.played.map_or(written, |release| release.written(event_type, written));
        written
    }
}

/// Why an event cannot be stored.
#[derive(Debug, Error)]
pub enum EncodeError {
    /// It has no JSON.
    #[error("an event cannot be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
    /// It is not one named variant.
    #[error("an event must be a variant with named fields")]
    NotAVariant,
}

/// Why stored bytes are not an event.
#[derive(Debug, Error)]
pub enum DecodeError {
    /// A newer program wrote it: this one can read it as soon as it is that program. Of a type that is not known at all, the
    /// known version is 0.
    #[error("{event_type} has schema version {found}, and this program knows versions up to {known}")]
    Newer {
        /// The event's type.
        event_type: String,
        /// Its version.
        found: u32,
        /// The newest version that is known here.
        known: u32,
    },
    /// The payload is not what its type and version say.
    #[error("{event_type} (schema version {schema_version}) cannot be read: {error}")]
    Payload {
        /// The event's type.
        event_type: String,
        /// Its version.
        schema_version: u32,
        /// What is wrong.
        error: serde_json::Error,
    },
}

impl StoredEvent {
    /// The event as it is to be stored: in the version of its type that is written.
    pub fn encode<E: Serialize>(event: &E) -> Result<Self, EncodeError> {
        Self::encode_with(event, Schemas::here())
    }

    fn encode_with<E: Serialize>(event: &E, schemas: Schemas) -> Result<Self, EncodeError> {
        let Value::Object(variant) = serde_json::to_value(event)? else { return Err(EncodeError::NotAVariant) };
        let mut variant = variant.into_iter();
        let (Some((event_type, Value::Object(mut payload))), None) = (variant.next(), variant.next()) else {
            return Err(EncodeError::NotAVariant);
        };
        let schema_version = schemas.written(&event_type);
        for change in schemas.changes_of(&event_type).filter(|change| change.from >= schema_version).rev() {
            payload = (change.downcast)(payload);
        }
        Ok(Self { schema_version, event_type, payload: serde_json_canonicalizer::to_vec(&payload)? })
    }

    /// The event as the domain knows it today.
    pub fn decode<E: DeserializeOwned>(&self) -> Result<E, DecodeError> {
        self.decode_with(Schemas::here())
    }

    fn decode_with<E: DeserializeOwned>(&self, schemas: Schemas) -> Result<E, DecodeError> {
        let event_type = || self.event_type.clone();
        let known = schemas.known(&self.event_type);
        let refused =
            |error| DecodeError::Payload { event_type: event_type(), schema_version: self.schema_version, error };
        if self.schema_version == 0 {
            return Err(refused(serde::de::Error::custom("versions begin at 1")));
        }
        if self.schema_version > known {
            return Err(DecodeError::Newer { event_type: event_type(), found: self.schema_version, known });
        }
        let mut payload = Cow::Borrowed(self.payload.as_slice());
        let mut changes = schemas.changes_of(&self.event_type).filter(|c| c.from >= self.schema_version).peekable();
        if changes.peek().is_some() {
            let object: Map<String, Value> = serde_json::from_slice(&payload).map_err(refused)?;
            let object = changes.fold(object, |object, change| (change.upcast)(object));
            payload = Cow::Owned(serde_json::to_vec(&object).map_err(refused)?);
        }
        // Checked once as a whole, its texts need not be checked one by one.
        let payload = str::from_utf8(&payload).map_err(|error| refused(serde::de::Error::custom(error)))?;
        let mut json = serde_json::Deserializer::from_str(payload);
        let unknown = Cell::new(true);
        let named = Named { event_type: &self.event_type, unknown: &unknown, payload: &mut json };
        let newer = || DecodeError::Newer { event_type: event_type(), found: self.schema_version, known: 0 };
        let event = E::deserialize(named).map_err(|error| if unknown.get() { newer() } else { refused(error) })?;
        json.end().map_err(refused)?;
        Ok(event)
    }
}

/// Presents a payload as the variant that the event's type names, without writing `{"Type": payload}` first.
struct Named<'a, D> {
    event_type: &'a str,
    /// Is there no such variant?
    unknown: &'a Cell<bool>,
    payload: D,
}

impl<'de, D: serde::Deserializer<'de, Error = serde_json::Error>> serde::Deserializer<'de> for Named<'_, D> {
    type Error = serde_json::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_enum(self)
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'de, D: serde::Deserializer<'de, Error = serde_json::Error>> EnumAccess<'de> for Named<'_, D> {
    type Error = serde_json::Error;
    type Variant = Payload<D>;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self::Variant), Self::Error> {
        let variant = seed.deserialize(StrDeserializer::<serde_json::Error>::new(self.event_type))?;
        self.unknown.set(false);
        Ok((variant, Payload(self.payload)))
    }
}

struct Payload<D>(D);

impl<'de, D: serde::Deserializer<'de, Error = serde_json::Error>> VariantAccess<'de> for Payload<D> {
    type Error = serde_json::Error;

    fn unit_variant(self) -> Result<(), Self::Error> {
        Err(serde::de::Error::custom("an event has named fields"))
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Self::Error> {
        seed.deserialize(self.0)
    }

    fn tuple_variant<V: Visitor<'de>>(self, _len: usize, _visitor: V) -> Result<V::Value, Self::Error> {
        Err(serde::de::Error::custom("an event has named fields"))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Self::Error> {
        self.0.deserialize_struct("", fields, visitor)
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    enum Event {
        Painted { colour: String, coats: u32 },
        Sold {},
    }

    const HISTORY: &[SchemaChange] = &[
        SchemaChange {
            event_type: "Painted",
            from: 1,
            upcast: |payload| renamed(payload, "color", "colour"),
            downcast: |payload| renamed(payload, "colour", "color"),
            written: true,
        },
        SchemaChange {
            event_type: "Painted",
            from: 2,
            upcast: |mut payload| {
                payload.insert("coats".into(), 1.into());
                payload
            },
            downcast: |mut payload| {
                payload.remove("coats");
                payload
            },
            written: true,
        },
    ];

    fn renamed(mut payload: Map<String, Value>, old: &str, new: &str) -> Map<String, Value> {
        let value = payload.remove(old).unwrap_or_default();
        payload.insert(new.into(), value);
        payload
    }

    fn stored(event_type: &str, schema_version: u32, payload: &str) -> StoredEvent {
        StoredEvent { event_type: event_type.into(), schema_version, payload: payload.into() }
    }

    #[test]
    fn an_event_is_stored_as_its_type_and_canonical_json() {
        let painted = Event::Painted { colour: "red".into(), coats: 2 };
        let encoded = StoredEvent::encode(&painted).unwrap();
        assert_eq!(encoded, stored("Painted", 1, r#"{"coats":2,"colour":"red"}"#));
        assert_eq!(encoded.decode::<Event>().unwrap(), painted);
        assert_eq!(StoredEvent::encode(&Event::Sold {}).unwrap(), stored("Sold", 1, "{}"));
        assert_eq!(stored("Sold", 1, "{}").decode::<Event>().unwrap(), Event::Sold {});
    }

    #[test]
    fn an_old_event_goes_through_every_version_between() {
        let red = |coats| Event::Painted { colour: "red".into(), coats };
        let decode =
            |version, payload| stored("Painted", version, payload).decode_with::<Event>(Schemas::of(HISTORY)).unwrap();
        assert_eq!(decode(1, r#"{"color":"red"}"#), red(1));
        assert_eq!(decode(2, r#"{"colour":"red"}"#), red(1));
        assert_eq!(decode(3, r#"{"colour":"red","coats":4}"#), red(4));
    }

    #[test]
    fn an_event_is_written_in_the_newest_allowed_version() {
        const NOT_YET: &[SchemaChange] = &[HISTORY[0], SchemaChange { written: false, ..HISTORY[1] }];
        const NEITHER: &[SchemaChange] = &[SchemaChange { written: false, ..HISTORY[0] }, NOT_YET[1]];
        let painted = Event::Painted { colour: "red".into(), coats: 2 };
        let encode = |changes| StoredEvent::encode_with(&painted, Schemas::of(changes)).unwrap();
        assert_eq!(encode(HISTORY), stored("Painted", 3, r#"{"coats":2,"colour":"red"}"#));
        assert_eq!(encode(NOT_YET), stored("Painted", 2, r#"{"colour":"red"}"#));
        assert_eq!(encode(NEITHER), stored("Painted", 1, r#"{"color":"red"}"#));
        // What is not written yet is read.
        for changes in [HISTORY, NOT_YET, NEITHER] {
            assert_eq!(encode(HISTORY).decode_with::<Event>(Schemas::of(changes)).unwrap(), painted);
        }
    }

    #[test]
    fn what_cannot_be_understood_is_refused() {
        let refused = |event: StoredEvent| event.decode_with::<Event>(Schemas::of(HISTORY)).unwrap_err();
        for (event_type, payload) in [("Sold", r#"{"to":"me"}"#), ("Sold", "{"), ("Sold", "{} {}"), ("Painted", "[]")] {
            let version = Schemas::of(HISTORY).known(event_type);
            assert!(matches!(refused(stored(event_type, version, payload)), DecodeError::Payload { .. }), "{payload}");
        }
        assert!(matches!(refused(stored("Sold", 0, "{}")), DecodeError::Payload { .. }));
    }

    #[test]
    fn an_event_of_a_newer_program_is_not_called_damaged() {
        let newer =
            |event_type, version| match stored(event_type, version, "{").decode_with::<Event>(Schemas::of(HISTORY)) {
                Err(DecodeError::Newer { found, known, .. }) => (found, known),
                other => panic!("{other:?}"),
            };
        assert_eq!(newer("Painted", 4), (4, 3));
        assert_eq!(newer("Sold", 2), (2, 1));
        assert_eq!(newer("Stolen", 1), (1, 0), "a type that is not known");
    }

    #[test]
    fn schema_changes_are_in_order_of_their_versions() {
        let mut versions = std::collections::BTreeMap::new();
        for change in SCHEMA_CHANGES {
            let (version, written) = versions.entry(change.event_type).or_insert((1, true));
            assert_eq!(change.from, *version, "{}", change.event_type);
            assert!(*written || !change.written, "{}: what is written follows what is written", change.event_type);
            (*version, *written) = (change.from + 1, change.written);
        }
    }
}

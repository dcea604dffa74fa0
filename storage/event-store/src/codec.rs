//! Events to bytes and back, whatever their age.

use std::borrow::Cow;

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

/// Turns a payload of one schema version into the next.
#[derive(Debug, Clone, Copy)]
pub struct Upcaster {
    /// The event's type.
    pub event_type: &'static str,
    /// The version that it takes.
    pub from: u32,
    /// What it does.
    pub upcast: fn(Map<String, Value>) -> Map<String, Value>,
}

/// All upcasters, in ascending order for each type. Every event is at its first version so far.
pub const UPCASTERS: &[Upcaster] = &[];

/// The version in which events of this type are written: one more than there are upcasters.
pub fn schema_version(event_type: &str) -> u32 {
    current_version(event_type, UPCASTERS)
}

fn current_version(event_type: &str, upcasters: &[Upcaster]) -> u32 {
    let newest = upcasters.iter().filter(|u| u.event_type == event_type).map(|u| u.from + 1).max();
    newest.unwrap_or(1)
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
    /// A newer program wrote it.
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
    /// The event as it is to be stored: in the current version of its type.
    pub fn encode<E: Serialize>(event: &E) -> Result<Self, EncodeError> {
        let Value::Object(variant) = serde_json::to_value(event)? else { return Err(EncodeError::NotAVariant) };
        let mut variant = variant.into_iter();
        let (Some((event_type, payload)), None) = (variant.next(), variant.next()) else {
            return Err(EncodeError::NotAVariant);
        };
        let payload = serde_json_canonicalizer::to_vec(&payload)?;
        Ok(Self { schema_version: schema_version(&event_type), event_type, payload })
    }

    /// The event as the domain knows it today.
    pub fn decode<E: DeserializeOwned>(&self) -> Result<E, DecodeError> {
        self.decode_with(UPCASTERS)
    }

    fn decode_with<E: DeserializeOwned>(&self, upcasters: &[Upcaster]) -> Result<E, DecodeError> {
        let known = current_version(&self.event_type, upcasters);
        if self.schema_version == 0 || self.schema_version > known {
            let event_type = self.event_type.clone();
            return Err(DecodeError::Newer { event_type, found: self.schema_version, known });
        }
        let refused = |error| DecodeError::Payload {
            event_type: self.event_type.clone(),
            schema_version: self.schema_version,
            error,
        };
        let mut payload = Cow::Borrowed(self.payload.as_slice());
        if self.schema_version < known {
            let mut object: Map<String, Value> = serde_json::from_slice(&payload).map_err(refused)?;
            for version in self.schema_version..known {
                let step = upcasters.iter().find(|u| u.event_type == self.event_type && u.from == version);
                object = step.map_or_else(|| object.clone(), |step| (step.upcast)(object.clone()));
            }
            payload = Cow::Owned(serde_json::to_vec(&object).map_err(refused)?);
        }
        let mut json = serde_json::Deserializer::from_slice(&payload);
        let event = E::deserialize(Named { event_type: &self.event_type, payload: &mut json }).map_err(refused)?;
        json.end().map_err(refused)?;
        Ok(event)
    }
}

/// Presents a payload as the variant that the event's type names, without writing `{"Type": payload}` first.
struct Named<'a, D> {
    event_type: &'a str,
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

    const HISTORY: &[Upcaster] = &[
        Upcaster {
            event_type: "Painted",
            from: 1,
            upcast: |mut payload| {
                let colour = payload.remove("color").unwrap_or_default();
                payload.insert("colour".into(), colour);
                payload
            },
        },
        Upcaster {
            event_type: "Painted",
            from: 2,
            upcast: |mut payload| {
                payload.insert("coats".into(), 1.into());
                payload
            },
        },
    ];

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
        let decode = |version, payload| stored("Painted", version, payload).decode_with::<Event>(HISTORY).unwrap();
        assert_eq!(decode(1, r#"{"color":"red"}"#), red(1));
        assert_eq!(decode(2, r#"{"colour":"red"}"#), red(1));
        assert_eq!(decode(3, r#"{"colour":"red","coats":4}"#), red(4));
    }

    #[test]
    fn what_cannot_be_understood_is_refused() {
        let refused = |event: StoredEvent| event.decode_with::<Event>(HISTORY).unwrap_err();
        assert!(matches!(refused(stored("Painted", 4, "{}")), DecodeError::Newer { found: 4, known: 3, .. }));
        assert!(matches!(refused(stored("Sold", 0, "{}")), DecodeError::Newer { .. }));
        for (event_type, payload) in
            [("Sold", r#"{"to":"me"}"#), ("Sold", "{"), ("Sold", "{} {}"), ("Lost", "{}"), ("Painted", "[]")]
        {
            let version = current_version(event_type, HISTORY);
            assert!(matches!(refused(stored(event_type, version, payload)), DecodeError::Payload { .. }), "{payload}");
        }
    }
}

//! JSON, read strictly; what is wrong with it is said in the words of those who write it.

use std::{collections::BTreeMap, fmt, marker::PhantomData};

use serde::{
    Deserialize, Deserializer,
    de::{
        self, DeserializeOwned, DeserializeSeed, Error as _, Expected, IntoDeserializer, MapAccess, SeqAccess,
        Unexpected, Visitor,
        value::{MapDeserializer, SeqDeserializer},
    },
    forward_to_deserialize_any,
};
use serde_json::{Map, Value, error::Category};

/// The mark with which some programs begin a text. RFC 8259 lets a reader skip it.
pub(crate) const BYTE_ORDER_MARK: &[u8] = "\u{FEFF}".as_bytes();

/// Why a text is not what is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wrong {
    /// What is wrong, and where.
    pub(crate) detail: String,
    /// The path of the field that is at fault, if it is one.
    pub(crate) field: Option<String>,
}

impl Wrong {
    fn whole(detail: impl Into<String>) -> Self {
        Self { detail: detail.into(), field: None }
    }

    fn of_field(path: String, words: &impl fmt::Display) -> Self {
        Self { detail: format!("{path}: {words}"), field: Some(path) }
    }
}

/// The object that these bytes spell, in which no key is there twice.
pub(crate) fn object(bytes: &[u8]) -> Result<Value, Wrong> {
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    let text = str::from_utf8(bytes)
        .map_err(|error| Wrong::whole(format!("the body is not UTF-8 from byte {} on", error.valid_up_to() + 1)))?;
    let mut json = serde_json::Deserializer::from_str(text);
    let Strict(value) =
        serde_path_to_error::deserialize(&mut json).map_err(|error| match error.inner().classify() {
            Category::Data => Wrong::of_field(error.path().to_string(), &"is there twice"),
            _ => not_json(error.inner()),
        })?;
    json.end().map_err(|error| not_json(&error))?;
    if value.is_object() { Ok(value) } else { Err(Wrong::whole("the body is not a JSON object")) }
}

fn not_json(error: &serde_json::Error) -> Wrong {
    let (line, column) = (error.line(), error.column());
    Wrong::whole(match error.classify() {
        Category::Eof => format!("the body ends before its JSON does, at line {line}, column {column}"),
        _ => format!("the body is not JSON: look at line {line}, column {column}"),
    })
}

/// What an object says to those who ask for a `T`.
pub(crate) fn read<T: DeserializeOwned>(object: Value) -> Result<T, Wrong> {
    serde_path_to_error::deserialize(Json(object)).map_err(|error| {
        // The path of the whole body is a dot.
        let path = Some(error.path().to_string()).filter(|path| path != ".");
        let Misfit { words, missing } = error.into_inner();
        let field: Vec<_> = path.into_iter().chain(missing).collect();
        if field.is_empty() { Wrong::whole(words) } else { Wrong::of_field(field.join("."), &words) }
    })
}

/// A JSON value in which no key is there twice. Numbers beyond an `i64` are the nearest one.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StrictVisitor).map(Self)
    }
}

struct StrictVisitor;

/// From here on, a number that was read as a float may have been an integer: 2⁶³.
const BEYOND_INTEGERS: f64 = 9_223_372_036_854_775_808.0;

impl<'de> Visitor<'de> for StrictVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(i64::try_from(value).unwrap_or(i64::MAX).into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        if value >= BEYOND_INTEGERS {
            Ok(i64::MAX.into())
        } else if value <= -BEYOND_INTEGERS {
            Ok(i64::MIN.into())
        } else {
            // `4.0` and `4e0` are the number 4, as JSON Schema has it and RFC 8785 writes it.
            Ok(value.to_string().parse().map_or_else(|_fraction| value.into(), |whole: i64| whole.into()))
        }
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Strict(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(key) = entries.next_key::<String>()? {
            // Where its value is read, so that the error has the key's path.
            let value =
                if object.contains_key(&key) { entries.next_value_seed(Twice)? } else { entries.next_value()? };
            let Strict(value) = value;
            object.insert(key, value);
        }
        Ok(object.into())
    }
}

/// The value of a key that is there already.
struct Twice;

impl<'de> DeserializeSeed<'de> for Twice {
    type Value = Strict;

    fn deserialize<D: Deserializer<'de>>(self, _value: D) -> Result<Strict, D::Error> {
        Err(D::Error::custom("is there twice"))
    }
}

/// A value to read a field from. A list is read only where one is asked for: serde would take it for a struct.
struct Json(Value);

impl<'de> Deserializer<'de> for Json {
    type Error = Misfit;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.0 {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(value),
            Value::Number(number) => match number.as_i64() {
                Some(integer) => visitor.visit_i64(integer),
                None => visitor.visit_f64(number.as_f64().unwrap_or(f64::NAN)),
            },
            Value::String(text) => visitor.visit_string(text),
            Value::Array(_) => Err(Misfit::invalid_type(Unexpected::Seq, &visitor)),
            Value::Object(object) => {
                visitor.visit_map(MapDeserializer::new(object.into_iter().map(|(key, value)| (key, Self(value)))))
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        if self.0.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Misfit> {
        match self.0 {
            Value::Array(items) => visitor.visit_seq(SeqDeserializer::new(items.into_iter().map(Self))),
            other => Self(other).deserialize_any(visitor),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Misfit> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct tuple
        tuple_struct map struct enum identifier ignored_any
    }
}

impl IntoDeserializer<'_, Misfit> for Json {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// Why a value does not fit its field.
#[derive(Debug, thiserror::Error)]
#[error("{words}")]
struct Misfit {
    words: String,
    /// The field that is not there, of the object where this is said.
    missing: Option<String>,
}

impl Misfit {
    fn new(words: impl Into<String>) -> Self {
        Self { words: words.into(), missing: None }
    }
}

impl de::Error for Misfit {
    fn custom<T: fmt::Display>(words: T) -> Self {
        Self::new(words.to_string())
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::new(format!("has to be {}, not {}", wanted(expected), sent(found)))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::invalid_type(found, expected)
    }

    fn unknown_variant(found: &str, expected: &'static [&'static str]) -> Self {
        Self::new(format!("has to be one of {}, not `{found}`", expected.join(", ")))
    }

    fn unknown_field(_: &str, expected: &'static [&'static str]) -> Self {
        match expected {
            [] => Self::new("is no field of this request, which has none"),
            [one] => Self::new(format!("is no field here; the only one is {one}")),
            all => Self::new(format!("is no field here; the fields are {}", all.join(", "))),
        }
    }

    fn missing_field(field: &'static str) -> Self {
        Self { words: "is missing".to_owned(), missing: Some(field.to_owned()) }
    }
}

/// What a field takes, without the names of Rust's types.
fn wanted(expected: &dyn Expected) -> String {
    let word = expected.to_string();
    let word = match word.as_str() {
        "a string" | "a borrowed string" | "a character" => "a text",
        "i8" | "i16" | "i32" | "i64" | "i128" | "isize" | "u8" | "u16" | "u32" | "u64" | "u128" | "usize" => {
            "a whole number"
        }
        "f32" | "f64" => "a number",
        "a boolean" => "true or false",
        "a sequence" => "a list",
        "a map" => "an object",
        other if other.starts_with("struct ") => "an object",
        _ => return word,
    };
    word.to_owned()
}

/// What was sent instead.
fn sent(found: Unexpected<'_>) -> String {
    match found {
        Unexpected::Bool(value) => value.to_string(),
        Unexpected::Signed(number) => number.to_string(),
        Unexpected::Unsigned(number) => number.to_string(),
        Unexpected::Float(number) => format!("{number:?}"),
        Unexpected::Str(text) => format!("the text `{text}`"),
        Unexpected::Unit | Unexpected::Option => "null".to_owned(),
        Unexpected::Seq => "a list".to_owned(),
        Unexpected::Map => "an object".to_owned(),
        other => other.to_string(),
    }
}

/// For an optional field that is either absent or has a value, never `null`:
/// `#[serde(default, deserialize_with = "photovote_edge::present")]`.
pub fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// For a map whose keys have several spellings: a key that is there twice, spelled differently, is an error.
/// `#[serde(deserialize_with = "photovote_edge::distinct")]`.
pub fn distinct<'de, D, K, V>(deserializer: D) -> Result<BTreeMap<K, V>, D::Error>
where
    D: Deserializer<'de>,
    K: Deserialize<'de> + Ord + fmt::Display,
    V: Deserialize<'de>,
{
    deserializer.deserialize_map(Distinct(PhantomData))
}

struct Distinct<K, V>(PhantomData<(K, V)>);

impl<'de, K: Deserialize<'de> + Ord + fmt::Display, V: Deserialize<'de>> Visitor<'de> for Distinct<K, V> {
    type Value = BTreeMap<K, V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut map = BTreeMap::new();
        while let Some((key, value)) = entries.next_entry::<K, V>()? {
            if map.contains_key(&key) {
                return Err(A::Error::custom(format!("the key {key} is there twice")));
            }
            map.insert(key, value);
        }
        Ok(map)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only what is refused is looked at")]
    struct All {
        text: String,
        #[serde(default)]
        integer: Option<i64>,
        #[serde(default)]
        small: u8,
        #[serde(default)]
        number: f64,
        #[serde(default)]
        flag: bool,
        #[serde(default)]
        list: Vec<u8>,
        #[serde(default)]
        inner: Option<Inner>,
        #[serde(default, deserialize_with = "distinct")]
        ratings: BTreeMap<photovote_domain::CandidateId, i64>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only what is refused is looked at")]
    struct Inner {
        max: u32,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Nothing {}

    fn wrong<T: DeserializeOwned + fmt::Debug>(text: &str) -> (String, Option<String>) {
        let Wrong { detail, field } = object(text.as_bytes()).and_then(read::<T>).unwrap_err();
        (detail, field)
    }

    #[test]
    fn a_wrong_field_is_named_and_explained_plainly() {
        for (text, field, words) in [
            (r"{}", "text", "is missing"),
            (r#"{"text": 4}"#, "text", "has to be a text, not 4"),
            (r#"{"text": -4.5}"#, "text", "has to be a text, not -4.5"),
            (r#"{"text": true}"#, "text", "has to be a text, not true"),
            (r#"{"text": null}"#, "text", "has to be a text, not null"),
            (r#"{"text": {"a": 1}}"#, "text", "has to be a text, not an object"),
            (r#"{"text": ["a"]}"#, "text", "has to be a text, not a list"),
            (r#"{"text": "", "integer": "5"}"#, "integer", "has to be a whole number, not the text `5`"),
            (r#"{"text": "", "integer": 5.5}"#, "integer", "has to be a whole number, not 5.5"),
            (r#"{"text": "", "small": 300}"#, "small", "has to be a whole number, not 300"),
            (r#"{"text": "", "small": -1}"#, "small", "has to be a whole number, not -1"),
            (r#"{"text": "", "number": "x"}"#, "number", "has to be a number, not the text `x`"),
            (r#"{"text": "", "flag": 1}"#, "flag", "has to be true or false, not 1"),
            (r#"{"text": "", "list": {}}"#, "list", "has to be a list, not an object"),
            (r#"{"text": "", "list": [1, "a"]}"#, "list[1]", "has to be a whole number, not the text `a`"),
            (r#"{"text": "", "inner": 5}"#, "inner", "has to be an object, not 5"),
            (r#"{"text": "", "inner": [5]}"#, "inner", "has to be an object, not a list"),
            (r#"{"text": "", "inner": {}}"#, "inner.max", "is missing"),
            (r#"{"text": "", "inner": {"max": "5"}}"#, "inner.max", "has to be a whole number, not the text `5`"),
            (r#"{"text": "", "inner": {"max": 5, "min": 1}}"#, "inner.min", "is no field here; the only one is max"),
            (r#"{"text": "", "ratings": 5}"#, "ratings", "has to be an object, not 5"),
            (
                r#"{"text": "", "ratings": {"x": 5}}"#,
                "ratings.x",
                "an id is a ULID: 26 characters of Crockford's base 32, the first one 0 to 7",
            ),
            (
                r#"{"text": "", "ratings": {"01ARZ3NDEKTSV4RRFFQ69G5FAV": "5"}}"#,
                "ratings.01ARZ3NDEKTSV4RRFFQ69G5FAV",
                "has to be a whole number, not the text `5`",
            ),
            (
                r#"{"text": "", "ratings": {"01ARZ3NDEKTSV4RRFFQ69G5FAV": 5, "01arz3ndektsv4rrffq69g5fav": 5}}"#,
                "ratings",
                "the key 01ARZ3NDEKTSV4RRFFQ69G5FAV is there twice",
            ),
            (r#"{"text": "", "text": ""}"#, "text", "is there twice"),
            (r#"{"text": "", "inner": {"max": 5, "m\u0061x": 5}}"#, "inner.max", "is there twice"),
        ] {
            assert_eq!(wrong::<All>(text), (format!("{field}: {words}"), Some(field.to_owned())), "{text}");
        }
        let (detail, field) = wrong::<All>(r#"{"texts": ""}"#);
        assert_eq!(field.as_deref(), Some("texts"));
        let fields = "text, integer, small, number, flag, list, inner, ratings";
        assert_eq!(detail, format!("texts: is no field here; the fields are {fields}"));
        assert_eq!(wrong::<Nothing>(r#"{"a": 1}"#).0, "a: is no field of this request, which has none");
    }

    #[test]
    fn what_is_no_json_is_told_by_its_place() {
        for (text, detail) in [
            ("", "the body ends before its JSON does, at line 1, column 0"),
            ("\u{feff}", "the body ends before its JSON does, at line 1, column 0"),
            ("{\"text\":\n  \"a", "the body ends before its JSON does, at line 2, column 4"),
            ("{\"text\": nul}", "the body is not JSON: look at line 1, column 13"),
            ("{\"text\": \"a\",\n}", "the body is not JSON: look at line 2, column 1"),
            ("{\"text\": \"a\"} x", "the body is not JSON: look at line 1, column 15"),
            ("\u{feff}\u{feff}{}", "the body is not JSON: look at line 1, column 1"),
            ("4", "the body is not a JSON object"),
            ("[{}]", "the body is not a JSON object"),
        ] {
            assert_eq!(wrong::<All>(text), (detail.to_owned(), None), "{text}");
        }
        let not_text = object(b"{\"text\": \"\xff\"}").unwrap_err();
        assert_eq!(not_text, Wrong::whole("the body is not UTF-8 from byte 11 on"));
    }

    #[test]
    fn a_byte_order_mark_is_skipped() {
        assert_eq!(object("\u{feff} {\"a\": 1}".as_bytes()), object(br#"{"a": 1}"#));
    }
}

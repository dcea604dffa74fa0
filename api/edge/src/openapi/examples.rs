//! Examples of bodies, put together from the examples of their parts, so that they are what the schemas say.

use serde_json::{Map, Value, json};

/// Gives each JSON body of an operation, and each parameter, an example.
pub(super) fn fill(document: &mut Value) {
    let schemas = document["components"]["schemas"].clone();
    each_operation(document, |operation| {
        let Some(operation) = operation.as_object_mut() else { return };
        let bodies = operation.iter_mut().flat_map(|(part, value)| match (part.as_str(), value) {
            ("requestBody", body) => vec![body],
            ("responses", Value::Object(responses)) => responses.values_mut().collect(),
            _ => Vec::new(),
        });
        for body in bodies {
            let Some(content) = body.get_mut("content").and_then(Value::as_object_mut) else { continue };
            for (kind, media) in content {
                let has_one = media.get("example").is_some() || media.get("examples").is_some();
                if kind == "application/json" && !has_one {
                    media["example"] = example(&media["schema"], &schemas);
                }
            }
        }
    });
}

/// Calls this with each operation.
pub(super) fn each_operation(document: &mut Value, mut visit: impl FnMut(&mut Value)) {
    let items = document["paths"].as_object_mut().into_iter().flat_map(|paths| paths.values_mut());
    for operation in items.flat_map(|item| item.as_object_mut().into_iter().flat_map(|methods| methods.values_mut())) {
        visit(operation);
    }
}

/// An example of this schema; `null` where nothing says one.
fn example(schema: &Value, schemas: &Value) -> Value {
    let of = |schema: &Value| example(schema, schemas);
    if let Some(example) = schema.get("example").or_else(|| schema["examples"].get(0)).or_else(|| schema["enum"].get(0))
    {
        return example.clone();
    }
    if let Some(name) = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
        return of(&schemas[name]);
    }
    if let Some(parts) = schema["allOf"].as_array() {
        let members = parts.iter().filter_map(|part| of(part).as_object().cloned()).flatten();
        return Value::Object(members.collect());
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        return choices.iter().map(of).find(|example| !example.is_null()).unwrap_or_default();
    }
    if let Some(properties) = schema["properties"].as_object() {
        return properties.iter().map(|(name, property)| (name.clone(), of(property))).collect::<Map<_, _>>().into();
    }
    match schema["type"].as_str() {
        Some("array") => json!([of(&schema["items"])]),
        Some("boolean") => json!(false),
        Some("object") if schema["additionalProperties"] == false => json!({}),
        _ => Value::Null,
    }
}

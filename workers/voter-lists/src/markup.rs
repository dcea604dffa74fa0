//! XML as a stream of events, within bounds for each event, for the depth and for the whole.

use std::{
    borrow::Cow,
    cell::Cell,
    io::{self, BufRead, Read},
};

use quick_xml::{
    Reader, XmlVersion,
    events::{BytesStart, Event},
};

use crate::{table::MAX_CELL, unreadable::Unreadable};

/// How many bytes may stand between two marks: a text or a tag with its attributes. A cell of Excel has at most 32,767
/// characters.
const MAX_EVENT: usize = 1_000_000;
/// How many elements may be open at once.
const MAX_DEPTH: usize = 200;

/// A stream of XML events.
pub(crate) struct Markup<'a, R> {
    reader: Reader<Bounded<'a, R>>,
    buffer: Vec<u8>,
    depth: usize,
}

/// Bytes that end with an error where the bounds are passed.
struct Bounded<'a, R> {
    inner: R,
    left: &'a Cell<u64>,
    since_event: usize,
    passed: bool,
}

impl<R: BufRead> Read for Bounded<'_, R> {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        let length = self.fill_buf()?.read(target)?;
        self.consume(length);
        Ok(length)
    }
}

impl<R: BufRead> BufRead for Bounded<'_, R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.since_event > MAX_EVENT || self.left.get() == 0 {
            self.passed = true;
            return Err(io::Error::other("more XML than is read"));
        }
        self.inner.fill_buf()
    }

    fn consume(&mut self, length: usize) {
        self.since_event += length;
        self.left.set(self.left.get().saturating_sub(length as u64));
        self.inner.consume(length);
    }
}

impl<'a, R: BufRead> Markup<'a, R> {
    /// Begins to read. All that is read is taken from `left`.
    pub(crate) fn new(inner: R, left: &'a Cell<u64>) -> Self {
        let reader = Reader::from_reader(Bounded { inner, left, since_event: 0, passed: false });
        Self { reader, buffer: Vec::new(), depth: 0 }
    }

    /// Reads the next event. An empty element comes as [`Event::Empty`].
    pub(crate) fn next(&mut self) -> Result<Event<'_>, Unreadable> {
        self.buffer.clear();
        self.reader.get_mut().since_event = 0;
        match self.reader.read_event_into(&mut self.buffer) {
            Ok(event) => {
                match &event {
                    Event::Start(_) => self.depth += 1,
                    Event::End(_) => self.depth = self.depth.saturating_sub(1),
                    // A workbook declares no entities; a bomb does.
                    Event::DocType(_) => return Err(Unreadable::Damaged),
                    Event::Eof if self.depth > 0 => return Err(Unreadable::Damaged),
                    _ => {}
                }
                if self.depth > MAX_DEPTH { Err(Unreadable::Damaged) } else { Ok(event) }
            }
            Err(_) if self.reader.get_mut().passed => Err(Unreadable::TooManyCells),
            Err(_) => Err(Unreadable::Damaged),
        }
    }

    /// Reads past the end of the element that has just begun.
    pub(crate) fn skip(&mut self) -> Result<(), Unreadable> {
        let mut open = 1_usize;
        while open > 0 {
            match self.next()? {
                Event::Start(_) => open += 1,
                Event::End(_) => open -= 1,
                Event::Eof => return Err(Unreadable::Damaged),
                _ => {}
            }
        }
        Ok(())
    }
}

/// Returns the value of an attribute, whatever the prefix of its name.
pub(crate) fn attribute(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let mut attributes = element.attributes();
    // Looking for duplicates takes the square of their number.
    let mut attributes = attributes.with_checks(false).flatten();
    let attribute = attributes.find(|attribute| attribute.key.local_name().as_ref() == name)?;
    let value = attribute.normalized_value(XmlVersion::Implicit1_0);
    Some(value.map_or_else(|_| attribute.value.to_string(), Cow::into_owned))
}

/// Returns a number in an attribute, if it is one.
pub(crate) fn number(element: &BytesStart<'_>, name: &str) -> Option<u32> {
    attribute(element, name)?.trim().parse().ok()
}

/// Adds what an event says to the text of a cell, until the cell is longer than what is kept.
pub(crate) fn append(text: &mut String, event: &Event<'_>) {
    // Blanks at the beginning are not kept, so a cell may be longer here.
    if text.len() > 4 * MAX_CELL {
        return;
    }
    match event {
        Event::Text(part) => text.push_str(part),
        Event::CData(part) => text.push_str(part),
        Event::GeneralRef(part) => match part.as_ref() {
            "amp" => text.push('&'),
            "lt" => text.push('<'),
            "gt" => text.push('>'),
            "quot" => text.push('"'),
            "apos" => text.push('\''),
            _ => text.extend(part.resolve_char_ref().ok().flatten()),
        },
        _ => {}
    }
}

use serde_json::{Map, Number, Value};

/// A JSON value at the beginning of a text.
#[derive(Clone, Debug, PartialEq)]
pub struct ParsedJson {
    /// The value.
    pub value: Value,
    /// Bytes that were read.
    pub read: usize,
    /// Whether it is JSON (RFC 8259), not one of its loose relatives.
    pub is_strict: bool,
}

/// Why a text is not even loose JSON.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonFault {
    /// It ends in the middle.
    #[error("it ends in the middle")]
    CutOff,
    /// A key stands in an object twice, so which value is meant is not known.
    #[error("the key `{0}` stands twice in one object")]
    Duplicate(String),
    /// More than 64 lists and objects within each other.
    #[error("it is nested more than 64 deep")]
    TooDeep,
    /// Something else stands where a value, a comma or a bracket must.
    #[error("it is not JSON from character {0} on")]
    Unexpected(usize),
}

const MAX_DEPTH: usize = 64;

/// Reads a JSON value as models write it: also with trailing commas, comments, single or curly quotes, line breaks in texts, unquoted
/// keys, and the literals of Python. An object with a key twice is refused, since readers would differ in what they take.
///
/// # Errors
/// [`JsonFault`]; what follows the value is no error.
pub fn parse_json(text: &str) -> Result<ParsedJson, JsonFault> {
    let mut parser = Parser { text, at: 0, is_strict: true };
    parser.blanks();
    let value = parser.value(0)?;
    Ok(ParsedJson { value, read: parser.at, is_strict: parser.is_strict })
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    is_strict: bool,
}

impl<'t> Parser<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn skip(&mut self, c: char) -> bool {
        let found = self.peek() == Some(c);
        if found {
            self.at += c.len_utf8();
        }
        found
    }

    fn unexpected<T>(&self) -> Result<T, JsonFault> {
        if self.at >= self.text.len() { Err(JsonFault::CutOff) } else { Err(JsonFault::Unexpected(self.at)) }
    }

    /// Blanks and comments.
    fn blanks(&mut self) {
        loop {
            let before = self.at;
            let rest = self.rest();
            let trimmed = rest.trim_start();
            let blanks = rest.get(..rest.len() - trimmed.len()).unwrap_or_default();
            self.is_strict &= blanks.bytes().all(|b| matches!(b, b' ' | b'\t' | b'\r' | b'\n'));
            self.at += blanks.len();
            let comment = match trimmed {
                t if t.starts_with("//") || t.starts_with('#') => Some(t.find('\n').unwrap_or(t.len())),
                t if t.starts_with("/*") => Some(t.find("*/").map_or(t.len(), |end| end + 2)),
                _ => None,
            };
            if let Some(length) = comment {
                self.at += length;
                self.is_strict = false;
            }
            if self.at == before {
                return;
            }
        }
    }

    fn value(&mut self, depth: usize) -> Result<Value, JsonFault> {
        if depth > MAX_DEPTH {
            return Err(JsonFault::TooDeep);
        }
        match self.peek() {
            Some('{') => self.object(depth),
            Some('[') => self.list(']', depth),
            Some('(') => {
                self.is_strict = false;
                self.list(')', depth)
            }
            Some(quote @ ('"' | '\'' | '\u{201c}' | '\u{2018}')) => Ok(Value::String(self.quoted(quote)?)),
            Some(c) if c.is_ascii_digit() || matches!(c, '-' | '+' | '.') => self.number(),
            Some(c) if c.is_alphabetic() => self.literal(),
            _ => self.unexpected(),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, JsonFault> {
        self.skip('{');
        let mut map = Map::new();
        loop {
            self.blanks();
            if self.skip('}') {
                return Ok(Value::Object(map));
            }
            let key = self.key()?;
            self.blanks();
            if !self.skip(':') {
                return self.unexpected();
            }
            self.blanks();
            let value = self.value(depth + 1)?;
            if map.insert(key.clone(), value).is_some() {
                return Err(JsonFault::Duplicate(key.chars().take(64).collect()));
            }
            self.separator('}')?;
        }
    }

    fn list(&mut self, end: char, depth: usize) -> Result<Value, JsonFault> {
        self.at += 1;
        let mut items = Vec::new();
        loop {
            self.blanks();
            if self.skip(end) {
                return Ok(Value::Array(items));
            }
            items.push(self.value(depth + 1)?);
            self.separator(end)?;
        }
    }

    /// A comma, or the end, which is left to be read.
    fn separator(&mut self, end: char) -> Result<(), JsonFault> {
        self.blanks();
        if self.skip(',') {
            self.blanks();
            self.is_strict &= self.peek() != Some(end);
            return Ok(());
        }
        if self.peek() == Some(end) { Ok(()) } else { self.unexpected() }
    }

    fn key(&mut self) -> Result<String, JsonFault> {
        match self.peek() {
            Some(quote @ ('"' | '\'' | '\u{201c}' | '\u{2018}')) => self.quoted(quote),
            Some(c) if c.is_alphabetic() || c == '_' => {
                self.is_strict = false;
                let rest = self.rest();
                let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_' && c != '-').unwrap_or(rest.len());
                let key = rest.get(..end).unwrap_or_default().to_owned();
                self.at += end;
                Ok(key)
            }
            _ => self.unexpected(),
        }
    }

    fn quoted(&mut self, quote: char) -> Result<String, JsonFault> {
        let end = match quote {
            '\u{201c}' => '\u{201d}',
            '\u{2018}' => '\u{2019}',
            same => same,
        };
        self.is_strict &= quote == '"';
        self.at += quote.len_utf8();
        let mut out = String::new();
        loop {
            let Some(c) = self.peek() else { return Err(JsonFault::CutOff) };
            self.at += c.len_utf8();
            match c {
                c if c == end => return Ok(out),
                '\\' => self.escape(&mut out)?,
                c => {
                    self.is_strict &= !c.is_control() || c == '\u{7f}' || c > '\u{7f}';
                    out.push(c);
                }
            }
        }
    }

    fn escape(&mut self, out: &mut String) -> Result<(), JsonFault> {
        let Some(c) = self.peek() else { return Err(JsonFault::CutOff) };
        self.at += c.len_utf8();
        let escaped = match c {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'b' => '\u{8}',
            'f' => '\u{c}',
            '"' | '\\' | '/' => c,
            'u' => return self.unicode(out),
            '\n' => {
                self.is_strict = false;
                return Ok(());
            }
            // `\'`, `\_`, `\d`: what is not an escape is the character, with its backslash where that may be meant
            '\'' | '_' | '*' | '$' | '#' | '`' => {
                self.is_strict = false;
                c
            }
            other => {
                self.is_strict = false;
                out.push('\\');
                other
            }
        };
        out.push(escaped);
        Ok(())
    }

    fn unicode(&mut self, out: &mut String) -> Result<(), JsonFault> {
        let unit = |parser: &mut Self| {
            let unit = parser.rest().get(..4).and_then(|hex| u32::from_str_radix(hex, 16).ok());
            parser.at += if unit.is_some() { 4 } else { 0 };
            unit
        };
        let Some(first) = unit(self) else { return self.unexpected() };
        let code = match first {
            0xd800..=0xdbff if self.rest().starts_with("\\u") => {
                self.at += 2;
                match unit(self) {
                    Some(second @ 0xdc00..=0xdfff) => 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00),
                    _ => return self.unexpected(),
                }
            }
            other => other,
        };
        match char::from_u32(code) {
            Some(c) => out.push(c),
            None => {
                self.is_strict = false;
                out.push(char::REPLACEMENT_CHARACTER);
            }
        }
        Ok(())
    }

    fn number(&mut self) -> Result<Value, JsonFault> {
        let rest = self.rest();
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && !"+-._".contains(c)).unwrap_or(rest.len());
        let word = rest.get(..end).unwrap_or_default();
        if let Ok(number) = serde_json::from_str::<Number>(word) {
            self.at += end;
            return Ok(Value::Number(number));
        }
        let plain = word.strip_prefix('+').unwrap_or(word).replace('_', "");
        let plain = match plain.strip_prefix('.') {
            Some(fraction) => format!("0.{fraction}"),
            None => plain.strip_suffix('.').map_or(plain.clone(), str::to_owned),
        };
        match serde_json::from_str::<Number>(&plain) {
            Ok(number) => {
                self.at += end;
                self.is_strict = false;
                Ok(Value::Number(number))
            }
            Err(_) => self.unexpected(),
        }
    }

    fn literal(&mut self) -> Result<Value, JsonFault> {
        let rest = self.rest();
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        let word = rest.get(..end).unwrap_or_default();
        let value = match word {
            "true" | "True" | "TRUE" => Value::Bool(true),
            "false" | "False" | "FALSE" => Value::Bool(false),
            "null" | "None" | "NULL" | "Null" | "nil" | "undefined" => Value::Null,
            _ if end == rest.len() => return Err(JsonFault::CutOff),
            _ => return self.unexpected(),
        };
        self.is_strict &= matches!(word, "true" | "false" | "null");
        self.at += end;
        Ok(value)
    }
}

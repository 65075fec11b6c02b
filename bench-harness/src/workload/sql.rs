//! As much of SQL as a workload needs without a server: where statements end, which names they create, which
//! parameters they take. The lexical rules are squawk's, PostgreSQL's own in Rust.

use std::collections::BTreeSet;
use std::ops::Range;

use squawk_lexer::{LiteralKind, TokenKind};

/// One statement of a text, without its semicolon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Statement {
    /// Bytes from its first word to its last.
    pub range: Range<usize>,
    /// The comment that ends on the line above its first word, without comment marks.
    pub comment: Option<String>,
}

/// A quote or comment that doesn't close: where it opens and what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unterminated {
    pub range: Range<usize>,
    pub what: &'static str,
}

struct Token {
    kind: TokenKind,
    range: Range<usize>,
}

impl Token {
    fn is_comment(&self) -> bool {
        matches!(self.kind, TokenKind::LineComment | TokenKind::BlockComment { .. })
    }

    fn is_space(&self) -> bool {
        matches!(self.kind, TokenKind::Whitespace)
    }
}

fn tokens(text: &str) -> Vec<Token> {
    let mut start = 0;
    squawk_lexer::tokenize(text)
        .map(|token| {
            let range = start..start + token.len as usize;
            start = range.end;
            Token { kind: token.kind, range }
        })
        .collect()
}

fn unterminated(kind: TokenKind) -> Option<&'static str> {
    match kind {
        TokenKind::BlockComment { terminated: false } => Some("comment"),
        TokenKind::QuotedIdent { terminated: false, .. } => Some("quoted name"),
        TokenKind::Literal { kind } => match kind {
            LiteralKind::Str { terminated: false }
            | LiteralKind::NationalStr { terminated: false }
            | LiteralKind::ByteStr { terminated: false }
            | LiteralKind::BitStr { terminated: false }
            | LiteralKind::UnicodeEscStr { terminated: false }
            | LiteralKind::EscStr { terminated: false } => Some("string"),
            LiteralKind::DollarQuotedString { terminated: false } => Some("dollar-quoted string"),
            _ => None,
        },
        _ => None,
    }
}

/// Splits a text at its semicolons: not those in quotes, comments or a function body `BEGIN ATOMIC … END`.
///
/// Parentheses don't hold a statement together: an unclosed one is a statement PostgreSQL rejects, and must not
/// take the statements below it along.
pub(super) fn split(text: &str) -> Result<Vec<Statement>, Unterminated> {
    let tokens = tokens(text);
    if let Some((token, what)) =
        tokens.iter().find_map(|token| unterminated(token.kind).map(|what| (token, what)))
    {
        return Err(Unterminated { range: token.range.clone(), what });
    }
    let mut statements = Vec::new();
    let mut open: Option<(usize, Range<usize>)> = None;
    let mut body = AtomicBody::default();
    for (position, token) in tokens.iter().enumerate() {
        if token.is_space() || token.is_comment() {
            continue;
        }
        if token.kind == TokenKind::Semi && !body.is_open() {
            statements.extend(open.take());
            body = AtomicBody::default();
            continue;
        }
        if token.kind == TokenKind::Ident {
            body.word(&text[token.range.clone()]);
        }
        match &mut open {
            Some((_, range)) => range.end = token.range.end,
            None => open = Some((position, token.range.clone())),
        }
    }
    statements.extend(open);
    let with_comment = |(first, range): (usize, Range<usize>)| Statement {
        range,
        comment: comment_above(text, &tokens[..first]),
    };
    Ok(statements.into_iter().map(with_comment).collect())
}

/// Follows `BEGIN ATOMIC … END`, whose body holds semicolons and may hold `CASE … END`.
#[derive(Default)]
struct AtomicBody {
    after_begin: bool,
    depth: usize,
}

impl AtomicBody {
    fn is_open(&self) -> bool {
        self.depth > 0
    }

    fn word(&mut self, word: &str) {
        let is = |keyword: &str| word.eq_ignore_ascii_case(keyword);
        if self.depth == 0 {
            if self.after_begin && is("atomic") {
                self.depth = 1;
            }
        } else if is("case") {
            self.depth += 1;
        } else if is("end") {
            self.depth -= 1;
        }
        self.after_begin = is("begin");
    }
}

/// The unbroken run of comments that ends on the line above the next statement.
fn comment_above(text: &str, before: &[Token]) -> Option<String> {
    let mut lines = Vec::new();
    let mut rest = before;
    loop {
        // One line break and no more between a comment and what follows it.
        let (gap, above) = match rest {
            [above @ .., gap] if gap.is_space() => (&text[gap.range.clone()], above),
            _ => ("", rest),
        };
        let [above @ .., comment] = above else { break };
        if gap.matches('\n').count() > 1 || !comment.is_comment() {
            break;
        }
        // A comment behind a statement, on its line, is that statement's.
        let line_start = text[..comment.range.start].rfind('\n').map_or(0, |newline| newline + 1);
        let opens_line = text[line_start..comment.range.start].trim().is_empty();
        if !opens_line {
            break;
        }
        lines.push(comment_text(&text[comment.range.clone()]));
        rest = above;
    }
    lines.reverse();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

fn comment_text(comment: &str) -> String {
    match comment.strip_prefix("--") {
        Some(line) => line.trim().to_owned(),
        None => {
            let inner = comment.strip_prefix("/*").unwrap_or(comment);
            let inner = inner.strip_suffix("*/").unwrap_or(inner);
            let lines = inner.lines().map(|line| line.trim().trim_start_matches('*').trim());
            lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
        }
    }
}

/// The words of a statement as PostgreSQL compares them: names and keywords in lower case, quoted names as
/// written, each sign by itself.
fn words(sql: &str) -> Vec<String> {
    let significant = tokens(sql).into_iter().filter(|token| !token.is_space() && !token.is_comment());
    significant
        .map(|token| {
            let word = &sql[token.range];
            match token.kind {
                TokenKind::Ident => word.to_lowercase(),
                TokenKind::QuotedIdent { uescape: false, .. } => word.trim_matches('"').replace("\"\"", "\""),
                _ => word.to_owned(),
            }
        })
        .collect()
}

/// What a statement does, as far as its opening words tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Creates {
    /// CREATE INDEX, with the index's name when it gives one.
    Index(Option<String>),
    /// CREATE TABLE, with the table's name (its schema left off).
    Table(String),
    /// DO: anything.
    Unknown,
    Nothing,
}

pub(super) fn creates(sql: &str) -> Creates {
    let words = words(sql);
    let mut rest = words.iter().map(String::as_str).peekable();
    match rest.next() {
        Some("create") => {}
        Some("do") => return Creates::Unknown,
        _ => return Creates::Nothing,
    }
    while rest
        .next_if(|word| matches!(*word, "unique" | "global" | "local" | "temp" | "temporary" | "unlogged"))
        .is_some()
    {}
    match rest.next() {
        Some("index") => {
            rest.next_if_eq(&"concurrently");
            skip_if_not_exists(&mut rest);
            Creates::Index(rest.next().filter(|name| *name != "on").map(str::to_owned))
        }
        Some("table") => {
            skip_if_not_exists(&mut rest);
            let mut name = rest.next();
            while rest.next_if_eq(&".").is_some() {
                name = rest.next();
            }
            name.map_or(Creates::Nothing, |name| Creates::Table(name.to_owned()))
        }
        _ => Creates::Nothing,
    }
}

fn skip_if_not_exists<'a>(words: &mut std::iter::Peekable<impl Iterator<Item = &'a str>>) {
    if words.next_if_eq(&"if").is_some() {
        words.next_if_eq(&"not");
        words.next_if_eq(&"exists");
    }
}

/// Numbers of the parameters (`$1`, …) a statement takes, each with its first place.
pub(super) fn parameters(sql: &str) -> Vec<(u32, Range<usize>)> {
    let mut seen = BTreeSet::new();
    tokens(sql)
        .into_iter()
        .filter(|token| matches!(token.kind, TokenKind::PositionalParam { .. }))
        .filter_map(|token| Some((sql[token.range.clone()].strip_prefix('$')?.parse().ok()?, token.range)))
        .filter(|(number, _)| seen.insert(*number))
        .collect()
}

/// Whether a statement starts as one that returns rows.
pub(super) fn is_query(sql: &str) -> bool {
    let words = words(sql);
    let first = words.iter().find(|word| *word != "(").map(String::as_str);
    matches!(first, Some("select" | "with" | "values" | "table"))
}

/// Whether ORDER BY stands outside all parentheses.
pub(super) fn is_ordered(sql: &str) -> bool {
    outermost(sql).windows(2).any(|pair| pair[0] == "order" && pair[1] == "by")
}

/// Whether LIMIT or FETCH FIRST stands outside all parentheses.
pub(super) fn is_limited(sql: &str) -> bool {
    outermost(sql).iter().any(|word| word == "limit" || word == "fetch")
}

fn outermost(sql: &str) -> Vec<String> {
    let mut depth = 0_usize;
    let mut outer = words(sql);
    outer.retain(|word| {
        match word.as_str() {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            _ => return depth == 0,
        }
        false
    });
    outer
}

#[cfg(test)]
#[path = "sql_tests.rs"]
mod tests;

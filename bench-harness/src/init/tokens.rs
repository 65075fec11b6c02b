//! SQL as far as the roles of parameters need it: words and signs in order. Pure.

/// A word, number, string or sign of SQL; names without their quotes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    Name(String),
    Parameter(usize),
    Sign(String),
    Literal,
}

/// The tokens of a statement; comments and casts are left out.
pub fn tokens(sql: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = sql;
    while let Some(first) = rest.chars().next() {
        let taken = |holds: fn(char) -> bool| rest.find(|char| !holds(char)).unwrap_or(rest.len());
        let length = match first {
            _ if first.is_whitespace() => taken(char::is_whitespace),
            '\'' => 1 + rest[1..].find('\'').map_or(rest.len() - 1, |end| end + 1),
            '"' => 1 + rest[1..].find('"').map_or(rest.len() - 1, |end| end + 1),
            '$' => 1 + rest[1..].find(|char: char| !char.is_ascii_digit()).unwrap_or(rest.len() - 1),
            _ if first.is_alphabetic() || first == '_' => taken(|char| char.is_alphanumeric() || char == '_'),
            _ if first.is_ascii_digit() => taken(|char| char.is_ascii_digit() || char == '.'),
            '-' if rest.starts_with("--") => rest.find('\n').unwrap_or(rest.len()),
            '<' | '>' | '!' | '=' | '~' => taken(|char| matches!(char, '<' | '>' | '!' | '=' | '~')),
            other => other.len_utf8(),
        };
        let (text, after) = rest.split_at(length);
        rest = after;
        match first {
            _ if first.is_whitespace() || text.starts_with("--") => {}
            '\'' => tokens.push(Token::Literal),
            _ if first.is_ascii_digit() => tokens.push(Token::Literal),
            '"' => tokens.push(Token::Name(text.trim_matches('"').to_owned())),
            '$' if text.len() > 1 => tokens.push(Token::Parameter(text[1..].parse().unwrap_or(0))),
            _ if first.is_alphabetic() || first == '_' => tokens.push(Token::Name(text.to_lowercase())),
            _ => tokens.push(Token::Sign(text.to_owned())),
        }
    }
    without_casts(tokens)
}

/// Takes `::type` away, so that `$1::int` is `$1`: a cast says nothing of what a parameter is for.
fn without_casts(tokens: Vec<Token>) -> Vec<Token> {
    let is_colon = |token: Option<&Token>| matches!(token, Some(Token::Sign(sign)) if sign == ":");
    let mut kept = Vec::with_capacity(tokens.len());
    let mut place = 0;
    while place < tokens.len() {
        if is_colon(tokens.get(place)) && is_colon(tokens.get(place + 1)) {
            place += 3;
            if matches!(tokens.get(place), Some(Token::Sign(open)) if open == "[") {
                place += 2;
            }
        } else {
            kept.push(tokens[place].clone());
            place += 1;
        }
    }
    kept
}

//! What the parameters of a statement stand for, read off its text: pg_stat_statements keeps `$1`, not values. Pure.

use super::catalogue::{Database, Table};
use super::tokens::{Token, tokens};

/// What a parameter is used for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// Compared with a column: takes a value that is there.
    Lookup {
        table: String,
        column: String,
    },
    /// Compared with a column as an array.
    LookupAny {
        table: String,
        column: String,
    },
    /// Written to a column: takes a new value.
    Written {
        table: String,
        column: String,
    },
    /// Added to or taken from something.
    Delta,
    Limit,
    Offset,
    Unknown,
}

/// Roles of `$1`, `$2` … in order, as many as `count`.
pub fn roles(sql: &str, count: usize, database: &Database) -> Vec<Role> {
    let tokens = tokens(sql);
    let scope = Scope::of(&tokens, database);
    let mut roles = vec![Role::Unknown; count];
    let mut clause = Clause::Other;
    for (place, token) in tokens.iter().enumerate() {
        match token {
            Token::Name(name) => clause = clause.after(name, &tokens[..place]),
            Token::Parameter(number) => {
                let role = scope.role(&tokens, place, clause);
                // The first telling use counts: the same parameter may stand in several places.
                if let Some(slot) = number.checked_sub(1).and_then(|index| roles.get_mut(index))
                    && *slot == Role::Unknown
                {
                    *slot = role;
                }
            }
            _ => {}
        }
    }
    if let Some((table, columns)) = scope.inserted(&tokens) {
        written_by_values(&tokens, table, &columns, &mut roles);
    }
    roles
}

/// Tables of the database that a statement names.
pub fn tables(sql: &str, database: &Database) -> Vec<String> {
    let scope = Scope::of(&tokens(sql), database);
    let mut names: Vec<String> = scope.named.into_iter().map(|(_, table)| table.name.clone()).collect();
    names.dedup();
    names
}

/// Whether these words stand in the statement one after the other, whatever their case.
pub fn has(sql: &str, words: &[&str]) -> bool {
    let names: Vec<_> = tokens(sql);
    names.windows(words.len()).any(|window| {
        window.iter().zip(words).all(|(token, word)| matches!(token, Token::Name(name) if name == word))
    })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Clause {
    Set,
    Other,
}

impl Clause {
    fn after(self, word: &str, before: &[Token]) -> Clause {
        match word {
            "set" if before.iter().any(|token| matches!(token, Token::Name(name) if name == "update")) => {
                Clause::Set
            }
            "where" | "from" | "returning" | "values" => Clause::Other,
            _ => self,
        }
    }
}

struct Scope<'a> {
    /// Alias (or name) and table, in order of mention.
    named: Vec<(String, &'a Table)>,
}

const KEYWORDS: [&str; 22] = [
    "as",
    "on",
    "where",
    "set",
    "join",
    "inner",
    "left",
    "right",
    "full",
    "cross",
    "order",
    "group",
    "limit",
    "values",
    "using",
    "for",
    "returning",
    "select",
    "union",
    "having",
    "offset",
    "natural",
];

impl<'a> Scope<'a> {
    fn of(tokens: &[Token], database: &'a Database) -> Scope<'a> {
        let mut named = Vec::new();
        for (place, token) in tokens.iter().enumerate() {
            let Token::Name(name) = token else { continue };
            let Some(table) = database.tables.iter().find(|table| table.name == *name) else { continue };
            // A column of the same name has a dot in front that is not the schema's.
            let schema = matches!(&tokens[..place], [.., Token::Name(schema), Token::Sign(dot)] if dot == "." && schema == "public");
            if !schema && matches!(tokens[..place].last(), Some(Token::Sign(dot)) if dot == ".") {
                continue;
            }
            let alias = match &tokens[place + 1..] {
                [Token::Name(word), Token::Name(alias), ..] if word == "as" => Some(alias),
                [Token::Name(alias), ..] if !KEYWORDS.contains(&alias.as_str()) => Some(alias),
                _ => None,
            };
            named.push((alias.unwrap_or(name).clone(), table));
        }
        Scope { named }
    }

    fn column(&self, qualifier: Option<&str>, column: &str) -> Option<(String, String)> {
        let has = |table: &Table| table.columns.iter().any(|it| it.name == column);
        let of = |(alias, table): &&(String, &Table)| {
            qualifier.is_none_or(|qualifier| *alias == qualifier || table.name == qualifier) && has(table)
        };
        self.named.iter().find(of).map(|(_, table)| (table.name.clone(), column.to_owned()))
    }

    /// The column whose name ends at `tokens`' end, or starts at its start.
    fn ending(&self, tokens: &[Token]) -> Option<(String, String)> {
        match tokens {
            [.., Token::Name(table), Token::Sign(dot), Token::Name(column)] if dot == "." => {
                self.column(Some(table), column)
            }
            [.., Token::Name(column)] => self.column(None, column),
            _ => None,
        }
    }

    fn starting(&self, tokens: &[Token]) -> Option<(String, String)> {
        match tokens {
            [Token::Name(table), Token::Sign(dot), Token::Name(column), ..] if dot == "." => {
                self.column(Some(table), column)
            }
            [Token::Name(column), ..] => self.column(None, column),
            _ => None,
        }
    }

    fn role(&self, tokens: &[Token], place: usize, clause: Clause) -> Role {
        let (before, after) = (&tokens[..place], &tokens[place + 1..]);
        match before {
            [.., Token::Name(word)] if word == "limit" => return Role::Limit,
            [.., Token::Name(word)] if word == "offset" => return Role::Offset,
            [.., Token::Sign(sign)] if sign == "+" || sign == "-" => return Role::Delta,
            _ => {}
        }
        let lookup = |(table, column)| Role::Lookup { table, column };
        let compared = ["=", "<", ">", "<=", ">=", "<>", "!="];
        match before {
            [rest @ .., Token::Sign(sign)] if compared.contains(&sign.as_str()) => match self.ending(rest) {
                Some((table, column)) if clause == Clause::Set && sign == "=" => {
                    Role::Written { table, column }
                }
                found => found.map_or(Role::Unknown, lookup),
            },
            [rest @ .., Token::Sign(sign), Token::Name(any), Token::Sign(open)]
                if sign == "=" && any == "any" && open == "(" =>
            {
                let found = self.ending(rest);
                found.map_or(Role::Unknown, |(table, column)| Role::LookupAny { table, column })
            }
            [rest @ .., Token::Name(word)] if matches!(word.as_str(), "between" | "like" | "ilike") => {
                let rest = match rest {
                    [rest @ .., Token::Name(not)] if not == "not" => rest,
                    _ => rest,
                };
                self.ending(rest).map_or(Role::Unknown, lookup)
            }
            [rest @ .., Token::Name(between), Token::Parameter(_), Token::Name(and)]
                if between == "between" && and == "and" =>
            {
                self.ending(rest).map_or(Role::Unknown, lookup)
            }
            _ => match (self.in_list(before), after) {
                (Some(found), _) => lookup(found),
                (None, [Token::Sign(sign), rest @ ..]) if compared.contains(&sign.as_str()) => {
                    self.starting(rest).map_or(Role::Unknown, lookup)
                }
                _ => Role::Unknown,
            },
        }
    }

    /// `column IN ($1, $2, …`: the column.
    fn in_list(&self, before: &[Token]) -> Option<(String, String)> {
        let is_listed = |token: &Token| match token {
            Token::Parameter(_) | Token::Literal => true,
            Token::Sign(sign) => sign == ",",
            Token::Name(_) => false,
        };
        let open = before.iter().rposition(|token| !is_listed(token))?;
        match &before[..=open] {
            [rest @ .., Token::Name(word), Token::Sign(sign)] if word == "in" && sign == "(" => {
                self.ending(rest)
            }
            _ => None,
        }
    }

    /// Table and columns of an INSERT.
    fn inserted(&self, tokens: &[Token]) -> Option<(&'a Table, Vec<String>)> {
        let into = tokens.iter().position(|token| matches!(token, Token::Name(word) if word == "into"))?;
        let rest = &tokens[into + 1..];
        let named = rest.iter().position(|token| {
            matches!(token, Token::Name(name) if self.named.iter().any(|(_, table)| table.name == *name))
        })?;
        let Token::Name(name) = &rest[named] else { return None };
        let (_, table) = self.named.iter().find(|(_, table)| table.name == *name)?;
        let columns = match &rest[named + 1..] {
            [Token::Sign(open), list @ ..] if open == "(" => list
                .iter()
                .take_while(|token| !matches!(token, Token::Sign(close) if close == ")"))
                .filter_map(|token| match token {
                    Token::Name(name) => Some(name.clone()),
                    _ => None,
                })
                .collect(),
            _ => table.columns.iter().map(|column| column.name.clone()).collect(),
        };
        Some((table, columns))
    }
}

/// Parameters that stand by themselves in `VALUES (…), (…)` are written to the columns in order.
fn written_by_values(tokens: &[Token], table: &Table, columns: &[String], roles: &mut [Role]) {
    let Some(values) = tokens.iter().position(|token| matches!(token, Token::Name(word) if word == "values"))
    else {
        return;
    };
    let (mut depth, mut column) = (0_usize, 0_usize);
    for (place, token) in tokens.iter().enumerate().skip(values + 1) {
        match token {
            Token::Sign(sign) if sign == "(" => {
                depth += 1;
                if depth == 1 {
                    column = 0;
                }
            }
            Token::Sign(sign) if sign == ")" => depth = depth.saturating_sub(1),
            Token::Sign(sign) if sign == "," && depth == 1 => column += 1,
            Token::Name(word) if depth == 0 && (word == "on" || word == "returning") => return,
            Token::Parameter(number) if depth == 1 => {
                let alone = matches!(&tokens[place - 1], Token::Sign(sign) if sign == "(" || sign == ",");
                if let (Some(name), Some(slot)) =
                    (columns.get(column), number.checked_sub(1).and_then(|index| roles.get_mut(index)))
                    && alone
                {
                    *slot = Role::Written { table: table.name.clone(), column: name.clone() };
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::init::catalogue::Column;

    fn database() -> Database {
        let table = |name: &str, columns: &[&str]| Table {
            name: name.into(),
            columns: columns
                .iter()
                .map(|name| Column { name: (*name).into(), ..Column::default() })
                .collect(),
            ..Table::default()
        };
        Database {
            tables: vec![
                table("accounts", &["aid", "bid", "balance"]),
                table("history", &["tid", "bid", "aid", "delta", "mtime"]),
            ],
            ..Database::default()
        }
    }

    fn roles(sql: &str, count: usize) -> Vec<String> {
        let shown = |role: Role| match role {
            Role::Lookup { table, column } => format!("{table}.{column}"),
            Role::LookupAny { table, column } => format!("any {table}.{column}"),
            Role::Written { table, column } => format!("new {table}.{column}"),
            other => format!("{other:?}"),
        };
        super::roles(sql, count, &database()).into_iter().map(shown).collect()
    }

    #[test]
    fn what_pgbench_sends() {
        assert_eq!(
            roles("UPDATE accounts SET balance = balance + $1 WHERE aid = $2", 2),
            ["Delta", "accounts.aid"]
        );
        assert_eq!(roles("SELECT balance FROM accounts WHERE aid = $1", 1), ["accounts.aid"]);
        assert_eq!(
            roles(
                "INSERT INTO history (tid, bid, aid, delta, mtime) VALUES ($1, $2, $3, $4, CURRENT_TIMESTAMP)",
                4
            ),
            ["new history.tid", "new history.bid", "new history.aid", "new history.delta"]
        );
        assert_eq!(roles("insert into history values ($1, $2), ($3, $4)", 4)[3], "new history.bid");
    }

    #[test]
    fn comparisons_in_all_their_forms() {
        for sql in [
            "SELECT FROM accounts AS a JOIN history h ON h.aid = a.aid WHERE h.delta > $1::int",
            "SELECT FROM public.history WHERE $1 <= delta",
            "SELECT FROM history WHERE delta NOT BETWEEN $1 AND $2",
            "SELECT FROM history WHERE \"delta\" IN ($1, $2)",
            "select from history where history.delta in (1, $1)",
        ] {
            assert_eq!(roles(sql, 1), ["history.delta"], "{sql}");
        }
        assert_eq!(roles("SELECT FROM history WHERE delta BETWEEN $1 AND $2", 2)[1], "history.delta");
        assert_eq!(roles("SELECT FROM accounts WHERE bid = ANY($1::int[])", 1), ["any accounts.bid"]);
        assert_eq!(
            roles("UPDATE accounts SET balance = $1 WHERE bid = $2", 2),
            ["new accounts.balance", "accounts.bid"]
        );
        assert_eq!(roles("SELECT FROM accounts ORDER BY aid LIMIT $1 OFFSET $2", 2), ["Limit", "Offset"]);
    }

    #[test]
    fn what_is_not_understood_is_said_to_be_unknown() {
        assert_eq!(roles("SELECT coalesce($1, balance) FROM accounts", 1), ["Unknown"]);
        assert_eq!(roles("SELECT FROM elsewhere WHERE x = $1", 1), ["Unknown"]);
        assert_eq!(roles("SELECT '$1' -- $2\n FROM accounts", 2), ["Unknown", "Unknown"]);
    }

    #[test]
    fn tables_are_those_named_not_columns_called_alike() {
        assert_eq!(tables("SELECT a.history FROM accounts a", &database()), ["accounts"]);
        assert!(has("select 1 FROM x  FOR\nUPDATE", &["for", "update"]));
        assert!(!has("select 'for update'", &["for", "update"]));
    }
}

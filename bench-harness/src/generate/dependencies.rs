//! Which columns a column's value is computed from.

use indexmap::IndexMap;

use crate::workload::generator::Generator;

/// A table's name and a column's.
pub type Column = (String, String);
type Tables = IndexMap<String, IndexMap<String, Generator>>;

/// The columns that a generator of a column of `table` looks at, in its row or in another table.
pub fn of_generator(table: Option<&str>, generator: &Generator) -> Vec<Column> {
    let mut found = Vec::new();
    match (generator, table) {
        (Generator::After { column, .. } | Generator::Case { column, .. }, Some(table)) => {
            found.push((table.to_owned(), column.clone()));
        }
        (Generator::Reference { table, column, .. }, _) => found.push((table.clone(), column.clone())),
        _ => {}
    }
    for child in generator.children() {
        found.extend(of_generator(table, child));
    }
    found
}

/// Every circle of columns that need each other, each once, starting at the column declared first.
pub fn cycles(tables: &Tables) -> Vec<Vec<Column>> {
    let mut search = Search { tables, state: IndexMap::new(), path: Vec::new(), found: Vec::new() };
    for (table, columns) in tables {
        for column in columns.keys() {
            search.visit((table.clone(), column.clone()));
        }
    }
    search.found
}

#[derive(PartialEq)]
enum State {
    OnPath,
    Done,
}

struct Search<'a> {
    tables: &'a Tables,
    state: IndexMap<Column, State>,
    path: Vec<Column>,
    found: Vec<Vec<Column>>,
}

impl Search<'_> {
    fn visit(&mut self, column: Column) {
        match self.state.get(&column) {
            Some(State::Done) => return,
            Some(State::OnPath) => {
                let start = self.path.iter().position(|on_path| *on_path == column).unwrap_or_default();
                self.found.push(self.path[start..].to_vec());
                return;
            }
            None => {}
        }
        // A name that refers to nothing is another check's business.
        let Some(generator) = self.tables.get(&column.0).and_then(|columns| columns.get(&column.1)) else {
            return;
        };
        self.state.insert(column.clone(), State::OnPath);
        self.path.push(column.clone());
        for next in of_generator(Some(&column.0), generator) {
            self.visit(next);
        }
        self.path.pop();
        self.state.insert(column, State::Done);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tables(toml: &str) -> Tables {
        toml::from_str(toml).unwrap()
    }

    #[test]
    fn a_circle_through_two_tables_is_found_once() {
        let tables = tables(
            r#"
            [a]
            x = { nullable = { probability = 0.5, of = { reference = { table = "b", column = "y" } } } }
            z = { case = { column = "x", when = {}, otherwise = "null" } }
            [b]
            y = { reference = { table = "a", column = "z" } }
            free = { reference = { table = "b", column = "y" } }
            "#,
        );
        let name = |table: &str, column: &str| (table.to_owned(), column.to_owned());
        assert_eq!(cycles(&tables), [vec![name("a", "x"), name("b", "y"), name("a", "z")]]);
    }

    #[test]
    fn a_table_may_refer_to_another_column_of_itself() {
        let tables =
            tables("[a]\nid = \"uuid\"\nparent = { reference = { table = \"a\", column = \"id\" } }\n");
        assert_eq!(cycles(&tables), Vec::<Vec<Column>>::new());
    }
}

//! Tables as rows of values, and what differs between two of them.

use std::collections::BTreeMap;
use std::fmt;

use crate::dates;

/// How far two fractions may be from each other, of the larger of them.
const TOLERANCE: f64 = 1e-9;
/// How many differences of a table are told.
const TOLD: usize = 12;

#[derive(Clone, Debug, PartialEq, PartialOrd)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    Date(i32),
    Time(i64),
    List(Vec<String>),
}

pub(crate) type Row = Vec<Value>;

/// A row of anything that is a value.
macro_rules! row {
    ($($value:expr),* $(,)?) => { vec![$($crate::rows::Value::from($value)),*] };
}
pub(crate) use row;

#[derive(Clone, Debug)]
pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) key: Vec<String>,
    pub(crate) columns: Vec<String>,
    pub(crate) rows: Vec<Row>,
}

/// A row with the names of its columns.
#[derive(Clone, Copy)]
pub(crate) struct Record<'a> {
    table: &'a Table,
    row: &'a Row,
}

impl Table {
    /// An empty table; key and columns are words with spaces between.
    pub(crate) fn new(name: &str, key: &str, columns: &str) -> Self {
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect();
        Self {
            name: name.to_owned(),
            key: words(key),
            columns: words(columns),
            rows: Vec::new(),
        }
    }

    #[track_caller]
    pub(crate) fn push(&mut self, row: Row) {
        assert_eq!(row.len(), self.columns.len(), "{}: {row:?}", self.name);
        self.rows.push(row);
    }

    /// The rows in the order of these columns.
    pub(crate) fn sorted(mut self, by: &str) -> Self {
        let places: Vec<usize> = by.split_whitespace().map(|name| self.place(name)).collect();
        self.rows.sort_by(|a, b| {
            let left: Vec<&Value> = places.iter().map(|place| &a[*place]).collect();
            let right: Vec<&Value> = places.iter().map(|place| &b[*place]).collect();
            left.partial_cmp(&right).unwrap()
        });
        self
    }

    /// Some of its columns.
    pub(crate) fn only(&self, columns: &[String]) -> Self {
        let places: Vec<usize> = columns.iter().map(|column| self.place(column)).collect();
        let of = |row: &Row| places.iter().map(|place| row[*place].clone()).collect();
        Self {
            name: self.name.clone(),
            key: self.key.clone(),
            columns: columns.to_vec(),
            rows: self.rows.iter().map(of).collect(),
        }
    }

    pub(crate) fn records(&self) -> impl Iterator<Item = Record<'_>> {
        self.rows.iter().map(|row| Record { table: self, row })
    }

    #[track_caller]
    fn place(&self, column: &str) -> usize {
        self.columns
            .iter()
            .position(|name| name == column)
            .unwrap_or_else(|| panic!("{} has no column {column}", self.name))
    }

    /// What is otherwise in the table that was made than in this one, which is
    /// expected: a line for each cell, for each row that only one has, and for
    /// an order that is another.
    pub(crate) fn differences(&self, made: &Self) -> Vec<String> {
        if self.columns != made.columns {
            return vec![format!(
                "{}: columns made {:?}, expected {:?}",
                self.name, made.columns, self.columns
            )];
        }
        let mut found = Vec::new();
        let (by_key, made_by_key) = (self.by_key(self), self.by_key(made));
        if by_key.len() != self.rows.len() || made_by_key.len() != made.rows.len() {
            found.push(format!("{}: a key comes twice", self.name));
        }
        for (key, expected) in &by_key {
            match made_by_key.get(key) {
                None => found.push(format!(
                    "{} [{key}]: expected, not made: {}",
                    self.name,
                    show(expected)
                )),
                Some(row) => {
                    for (place, column) in self.columns.iter().enumerate() {
                        if !same(&row[place], &expected[place]) {
                            found.push(format!(
                                "{} [{key}] {column}: made {}, expected {}",
                                self.name, row[place], expected[place]
                            ));
                        }
                    }
                }
            }
        }
        for (key, row) in &made_by_key {
            if !by_key.contains_key(key) {
                found.push(format!(
                    "{} [{key}]: made, not expected: {}",
                    self.name,
                    show(row)
                ));
            }
        }
        if found.is_empty() {
            let order = |table: &Self| -> Vec<String> {
                table.rows.iter().map(|row| self.key_of(row)).collect()
            };
            let places = order(self).into_iter().zip(order(made));
            if let Some((expected, made)) = places.into_iter().find(|(a, b)| a != b) {
                found.push(format!(
                    "{}: out of order: made [{made}] where [{expected}] is expected",
                    self.name
                ));
            }
        }
        if found.len() > TOLD {
            let more = found.len() - TOLD;
            found.truncate(TOLD);
            found.push(format!("{}: … and {more} more", self.name));
        }
        found
    }

    fn by_key<'a>(&self, table: &'a Self) -> BTreeMap<String, &'a Row> {
        table
            .rows
            .iter()
            .map(|row| (self.key_of(row), row))
            .collect()
    }

    fn key_of(&self, row: &Row) -> String {
        let values: Vec<String> = self
            .key
            .iter()
            .map(|name| row[self.place(name)].to_string())
            .collect();
        values.join(" | ")
    }
}

impl<'a> Record<'a> {
    #[track_caller]
    pub(crate) fn get(&self, column: &str) -> &'a Value {
        &self.row[self.table.place(column)]
    }

    #[track_caller]
    pub(crate) fn text(&self, column: &str) -> String {
        self.maybe_text(column).unwrap()
    }

    #[track_caller]
    pub(crate) fn maybe_text(&self, column: &str) -> Option<String> {
        match self.get(column) {
            Value::Null => None,
            Value::Text(text) => Some(text.clone()),
            other => panic!("{column} is no text: {other}"),
        }
    }

    #[track_caller]
    pub(crate) fn int(&self, column: &str) -> i64 {
        self.maybe_int(column).unwrap()
    }

    /// A whole number or a moment.
    #[track_caller]
    pub(crate) fn maybe_int(&self, column: &str) -> Option<i64> {
        match self.get(column) {
            Value::Null => None,
            Value::Int(number) | Value::Time(number) => Some(*number),
            other => panic!("{column} is no whole number: {other}"),
        }
    }

    #[track_caller]
    pub(crate) fn maybe_day(&self, column: &str) -> Option<i32> {
        match self.get(column) {
            Value::Null => None,
            Value::Date(days) => Some(*days),
            other => panic!("{column} is no day: {other}"),
        }
    }

    #[track_caller]
    pub(crate) fn maybe_float(&self, column: &str) -> Option<f64> {
        match self.get(column) {
            Value::Null => None,
            Value::Float(number) => Some(*number),
            other => panic!("{column} is no fraction: {other}"),
        }
    }

    #[track_caller]
    pub(crate) fn maybe_bool(&self, column: &str) -> Option<bool> {
        match self.get(column) {
            Value::Null => None,
            Value::Bool(truth) => Some(*truth),
            other => panic!("{column} is neither true nor false: {other}"),
        }
    }

    /// The texts of a list, none where there is no list.
    #[track_caller]
    pub(crate) fn texts(&self, column: &str) -> Vec<String> {
        match self.get(column) {
            Value::Null => Vec::new(),
            Value::List(texts) => texts.clone(),
            other => panic!("{column} is no list: {other}"),
        }
    }
}

fn same(made: &Value, expected: &Value) -> bool {
    match (made, expected) {
        (Value::Float(a), Value::Float(b)) => {
            (a - b).abs() <= TOLERANCE * a.abs().max(b.abs()).max(f64::MIN_POSITIVE)
        }
        _ => made == expected,
    }
}

fn show(row: &Row) -> String {
    let values: Vec<String> = row.iter().map(Value::to_string).collect();
    values.join(", ")
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(truth) => truth.fmt(f),
            Self::Int(number) => number.fmt(f),
            Self::Float(number) => write!(f, "{number:?}"),
            Self::Text(text) => f.write_str(text),
            Self::Date(days) => f.write_str(&dates::text(*days)),
            Self::Time(moment) => write!(f, "{} +{}", dates::text(dates::of(*moment)), moment),
            Self::List(texts) => write!(f, "{texts:?}"),
        }
    }
}

/// A day.
pub(crate) struct Day(pub(crate) i32);
/// A moment, in microseconds.
pub(crate) struct Moment(pub(crate) i64);

impl From<bool> for Value {
    fn from(truth: bool) -> Self {
        Self::Bool(truth)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

impl From<usize> for Value {
    fn from(number: usize) -> Self {
        Self::Int(i64::try_from(number).unwrap())
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Float(number)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<Day> for Value {
    fn from(day: Day) -> Self {
        Self::Date(day.0)
    }
}

impl From<Moment> for Value {
    fn from(moment: Moment) -> Self {
        Self::Time(moment.0)
    }
}

impl From<Vec<String>> for Value {
    fn from(texts: Vec<String>) -> Self {
        Self::List(texts)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

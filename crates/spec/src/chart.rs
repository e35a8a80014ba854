//! A figure drawn of a table.

use crate::contract::{Column, ColumnRule, Contract, column_reference};
use crate::diagnostic::{Diagnostic, Span, Spanned, did_you_mean, enumerate};
use crate::name::TableName;
use crate::read::{Cx, Map};
use crate::scalar::{self, Scalar};
use crate::types::ColumnType;
use crate::yaml::{Kind, Node};

/// The most marks that a chart may have.
const MAX_MARKS: i64 = 100;

/// A column, and the reference table and column that have names for its values.
pub type Names = (Spanned<String>, Spanned<(TableName, String)>);

/// A figure, drawn of the rows of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    /// How it is drawn.
    pub kind: ChartKind,
    /// What it shows, as a heading.
    pub title: String,
    /// The heading below which it belongs.
    pub section: String,
    /// The column of the marks: categories, points in time, or the horizontal measure.
    pub x: String,
    /// The measure: a column of numbers.
    pub y: String,
    /// The column that tells parts, lines, groups, rows or points apart.
    pub by: Option<String>,
    /// What the measure counts. One that begins with `%` is of shares from 0 to 1.
    pub unit: String,
    /// The values of columns to which it is limited; of several, to the first of which there is a
    /// row with the measure.
    pub filters: Vec<(String, Vec<Scalar>)>,
    /// Columns whose values have names elsewhere: the column, and the reference table's column.
    pub names: Vec<Names>,
    /// In which order the marks are.
    pub order: Order,
    /// How many marks are drawn at most.
    pub top: Option<usize>,
    /// Whether what is beyond `top` is drawn as one mark, their sum.
    pub others: bool,
    /// Whether the measures have logarithmic scales.
    pub log: bool,
}

/// How a chart is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChartKind {
    /// `bar`: a bar for each `x`.
    Bar,
    /// `stacked_bar`: a bar for each `x`, whose parts are `by`.
    StackedBar,
    /// `line`: along `x`, a line for each `by`.
    Line,
    /// `treemap`: a rectangle for each `x`, grouped by `by`.
    Treemap,
    /// `heat_map`: a cell for each `by` and `x`.
    HeatMap,
    /// `scatter`: a point for each `by`, at `x` and `y`.
    Scatter,
    /// `lorenz`: the share of the whole `y` that the first `x` percent have.
    Lorenz,
}

/// The order of marks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// `table`: as the rows are.
    #[default]
    Table,
    /// `largest`: the largest measure first.
    Largest,
}

/// What a kind of chart does with `by`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum By {
    Needed,
    Optional,
    Never,
}

impl ChartKind {
    const ALL: [Self; 7] = [
        Self::Bar,
        Self::StackedBar,
        Self::Line,
        Self::Treemap,
        Self::HeatMap,
        Self::Scatter,
        Self::Lorenz,
    ];

    /// Its name in YAML.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bar => "bar",
            Self::StackedBar => "stacked_bar",
            Self::Line => "line",
            Self::Treemap => "treemap",
            Self::HeatMap => "heat_map",
            Self::Scatter => "scatter",
            Self::Lorenz => "lorenz",
        }
    }

    const fn by(self) -> By {
        match self {
            Self::StackedBar | Self::HeatMap | Self::Scatter => By::Needed,
            Self::Line | Self::Treemap => By::Optional,
            Self::Bar | Self::Lorenz => By::Never,
        }
    }

    /// Whether `x` is a measure, too.
    const fn is_plane(self) -> bool {
        matches!(self, Self::Scatter | Self::Lorenz)
    }

    /// Whether `log` and `others` mean something for it.
    const fn may_be_log(self) -> bool {
        matches!(self, Self::Line | Self::Scatter)
    }

    const fn may_have_others(self) -> bool {
        matches!(self, Self::Bar | Self::StackedBar | Self::Treemap)
    }
}

/// What charts are called elsewhere.
const ELSEWHERE: [(&str, &str); 9] = [
    ("area", "line"),
    ("bars", "bar"),
    ("column", "bar"),
    ("heatmap", "heat_map"),
    ("lines", "line"),
    ("points", "scatter"),
    ("stacked", "stacked_bar"),
    ("stacked bar", "stacked_bar"),
    ("tree_map", "treemap"),
];

/// Reads `chart`, one or a list of several.
pub(crate) fn read(
    map: &mut Map<'_>,
    contract: &Contract,
    complete: bool,
    cx: &mut Cx<'_>,
) -> Vec<Chart> {
    let Some(node) = map.take("chart") else {
        return Vec::new();
    };
    let nodes = match &node.kind {
        Kind::List(_) => cx.filled_list(node, "`chart`").unwrap_or_default(),
        _ => std::slice::from_ref(node),
    };
    let mut charts: Vec<(Spanned<String>, Chart)> = Vec::new();
    for node in nodes {
        let Some((title, chart)) = chart(node, contract, complete, cx) else {
            continue;
        };
        if let Some((first, _)) = charts.iter().find(|(first, _)| first.value == title.value) {
            cx.report(
                Diagnostic::error(
                    "repeated-value",
                    format!("two charts of the table have the title `{title}`"),
                )
                .at(title.span, "given again")
                .related(first.span, "once"),
            );
            continue;
        }
        charts.push((title, chart));
    }
    charts.into_iter().map(|(_, chart)| chart).collect()
}

fn chart(
    node: &Node,
    contract: &Contract,
    complete: bool,
    cx: &mut Cx<'_>,
) -> Option<(Spanned<String>, Chart)> {
    let before = cx.errors();
    let mut map = cx.map(node, "a chart")?;
    let words = ChartKind::ALL.map(|kind| (kind.as_str(), kind));
    let kind_node = map.need("kind");
    let kind = kind_node.and_then(|node| cx.word(node, "`kind`", &words, &ELSEWHERE));
    let title = map.need("title").and_then(|node| cx.text(node, "`title`"));
    let section = map
        .need("section")
        .and_then(|node| cx.text(node, "`section`"));
    let axis = |key: &str, node: Option<&Node>, cx: &mut Cx<'_>| {
        let text = cx.text(node?, &format!("`{key}`"))?;
        known(&text, contract, complete, cx).map(|_| text)
    };
    let x = map.need("x");
    let x = axis("x", x, cx);
    let y = map.need("y");
    let y = axis("y", y, cx);
    let by_node = map.take("by");
    let by = axis("by", by_node, cx);
    let unit = map.need("unit").and_then(|node| cx.text(node, "`unit`"));
    let mut fixed = Vec::new();
    let filters = filters(map.take("where"), &mut fixed, contract, complete, cx);
    let names = names(map.take("names"), [&x, &by], cx);
    let orders = [("table", Order::Table), ("largest", Order::Largest)];
    let order = map
        .take("order")
        .and_then(|node| cx.word(node, "`order`", &orders, &[]));
    let top = map.take("top").and_then(|node| top(node, cx));
    let others_node = map.take("others");
    let others = others_node.and_then(|node| cx.boolean(node, "`others`"));
    let log_node = map.take("log");
    let log = log_node.and_then(|node| cx.boolean(node, "`log`"));
    let anchor = map.anchor();
    map.finish(cx);
    if let Some(kind) = kind {
        let given = [
            ("by", by_node, kind.by() != By::Never),
            ("others", others_node, kind.may_have_others()),
            ("log", log_node, kind.may_be_log()),
        ];
        for (key, node, may) in given {
            if let Some(node) = node.filter(|_| !may) {
                cx.report(
                    Diagnostic::error(
                        "bad-chart",
                        format!("a chart of kind `{}` has no `{key}`", kind.as_str()),
                    )
                    .at(node.span, "leave it out"),
                );
            }
        }
        if by_node.is_none() && kind.by() == By::Needed {
            let at = kind_node.map_or(anchor, |node| node.span);
            cx.report(
                Diagnostic::error(
                    "missing-key",
                    format!("a chart of kind `{}` lacks `by`", kind.as_str()),
                )
                .at(at, "`by` is missing")
                .help(match kind {
                    ChartKind::Scatter => "`by` is the column with the names of the points",
                    ChartKind::HeatMap => "`by` is the column of the rows, `x` that of the columns",
                    _ => "`by` is the column of the parts",
                }),
            );
        }
        measures(kind, [("x", &x), ("y", &y)], contract, cx);
    }
    let (x, y) = (x?, y?);
    apart(&x, by.as_ref(), &fixed, contract, anchor, cx);
    if cx.errors() != before {
        return None;
    }
    let chart = Chart {
        kind: kind?,
        title: title.clone()?.value,
        section: section?.value,
        x: x.value,
        y: y.value,
        by: by.map(|by| by.value),
        unit: unit?.value,
        filters,
        names,
        order: order.unwrap_or_default(),
        top,
        others: others.unwrap_or(false),
        log: log.unwrap_or(false),
    };
    Some((title?, chart))
}

/// The column of that name, or a report that the table has none.
fn known<'c>(
    name: &Spanned<String>,
    contract: &'c Contract,
    complete: bool,
    cx: &mut Cx<'_>,
) -> Option<&'c Column> {
    let column = contract.column(name);
    if column.is_none() && complete {
        let names = || contract.columns.iter().map(|column| column.name.as_str());
        cx.report(
            Diagnostic::error(
                "unknown-column",
                format!("the chart names `{name}`, which is no column"),
            )
            .at(name.span, "not among `columns`")
            .help(
                did_you_mean(name, names())
                    .unwrap_or_else(|| format!("the columns are {}", enumerate(names()))),
            ),
        );
    }
    column
}

/// Reports measures that are not numbers, and marks that are lists.
fn measures(
    kind: ChartKind,
    axes: [(&str, &Option<Spanned<String>>); 2],
    contract: &Contract,
    cx: &mut Cx<'_>,
) {
    for (key, name) in axes {
        let Some(name) = name else { continue };
        let Some(column) = contract.column(name) else {
            continue;
        };
        let data_type = column.data_type;
        let is_number = matches!(data_type, ColumnType::Int64 | ColumnType::Float64);
        let is_measure = key == "y" || kind.is_plane();
        if is_measure && !is_number {
            cx.report(
                Diagnostic::error(
                    "bad-chart",
                    format!("`{key}` must be a column of numbers, `{name}` is {data_type}"),
                )
                .at(name.span, format!("the column is {data_type}")),
            );
        } else if !is_measure && matches!(data_type, ColumnType::ListUtf8 | ColumnType::Float64) {
            cx.report(
                Diagnostic::error(
                    "bad-chart",
                    format!("`{name}` is {data_type}: a mark for each of its values means nothing"),
                )
                .at(name.span, format!("the column is {data_type}")),
            );
        }
    }
}

/// `where`; every column that it names goes into `fixed`, whatever is wrong with its values.
fn filters(
    node: Option<&Node>,
    fixed: &mut Vec<Spanned<String>>,
    contract: &Contract,
    complete: bool,
    cx: &mut Cx<'_>,
) -> Vec<(String, Vec<Scalar>)> {
    let mut filters = Vec::new();
    let Some(map) = node.and_then(|node| cx.map(node, "`where`")) else {
        return filters;
    };
    for entry in map.into_entries() {
        let name = cx.fill(&entry.key);
        fixed.push(name.clone());
        let Some(column) = known(&name, contract, complete, cx) else {
            continue;
        };
        let what = format!("`{name}`");
        let nodes = match &entry.value.kind {
            Kind::List(_) => cx.filled_list(&entry.value, &what).unwrap_or_default(),
            _ => std::slice::from_ref(&entry.value),
        };
        let values = nodes.iter().filter_map(|node| filter(node, column, cx));
        filters.push((name.value, values.collect()));
    }
    filters
}

fn filter(node: &Node, column: &Column, cx: &mut Cx<'_>) -> Option<Scalar> {
    let name = &column.name;
    let value = scalar::scalar(node, &format!("`{name}`"), column.data_type, cx)?;
    if let (Some(values), Scalar::Utf8(text)) = (closed(column), &value)
        && !values.contains(text)
    {
        let words = || values.iter().map(String::as_str);
        cx.report(
            Diagnostic::error("unknown-value", format!("`{name}` is never `{text}`"))
                .at(node.span, "no row has it")
                .maybe_help(did_you_mean(text, words()))
                .help(format!("`{name}` is one of {}", enumerate(words()))),
        );
        return None;
    }
    Some(value)
}

/// The values that a column may have, if its contract lists them.
fn closed(column: &Column) -> Option<&Vec<String>> {
    column.checks.iter().find_map(|check| match &check.rule {
        ColumnRule::Values(values) => Some(values),
        _ => None,
    })
}

/// `names`: for a column that the chart draws, the column of a reference table; whether there is
/// one is not known here.
fn names(node: Option<&Node>, drawn: [&Option<Spanned<String>>; 2], cx: &mut Cx<'_>) -> Vec<Names> {
    let mut names = Vec::new();
    let Some(map) = node.and_then(|node| cx.map(node, "`names`")) else {
        return names;
    };
    for entry in map.into_entries() {
        let column = cx.fill(&entry.key);
        if drawn.iter().all(|drawn| {
            drawn
                .as_ref()
                .is_none_or(|drawn| drawn.value != column.value)
        }) {
            cx.report(
                Diagnostic::error(
                    "bad-chart",
                    format!("`names` is for `x` or `by`, and `{column}` is neither"),
                )
                .at(column.span, "not drawn"),
            );
            continue;
        }
        let text = cx.text(&entry.value, "a column of `names`");
        let reference = text.and_then(|text| {
            let reference = column_reference(&text, cx)?;
            Some(Spanned::new(reference, text.span))
        });
        names.extend(reference.map(|reference| (column, reference)));
    }
    names
}

fn top(node: &Node, cx: &mut Cx<'_>) -> Option<usize> {
    match node.kind {
        Kind::Int(count) if (1..=MAX_MARKS).contains(&count) => usize::try_from(count).ok(),
        _ => {
            let expected = format!("an integer from 1 to {MAX_MARKS}");
            cx.wrong_type(node, "`top`", &expected);
            None
        }
    }
}

/// Reports columns of the key that have a few values each of which is a view of the same whole, and
/// of which the chart would draw all at once.
fn apart(
    x: &Spanned<String>,
    by: Option<&Spanned<String>>,
    fixed: &[Spanned<String>],
    contract: &Contract,
    anchor: Span,
    cx: &mut Cx<'_>,
) {
    let drawn = |name: &str| x.value == name || by.is_some_and(|by| by.value == name);
    for column in fixed {
        if drawn(column) {
            cx.report(
                Diagnostic::error(
                    "bad-chart",
                    format!("`{column}` has one value by `where`, and cannot be drawn"),
                )
                .at(column.span, "also `x` or `by`"),
            );
        }
    }
    for key in &contract.key {
        let Some(column) = contract.column(key) else {
            continue;
        };
        let values = closed(column).filter(|values| values.len() > 1);
        let is_fixed = fixed.iter().any(|column| column.value == key.value);
        if let Some(values) = values.filter(|_| !is_fixed && !drawn(key)) {
            let words = values.iter().map(String::as_str);
            cx.report(
                Diagnostic::error(
                    "bad-chart",
                    format!("the chart mixes rows of every `{key}`"),
                )
                .at(anchor, format!("`where` lacks `{key}`"))
                .help(format!(
                    "`{key}` is one of {}: choose one by `where`, or draw it as `x` or `by`",
                    enumerate(words)
                )),
            );
        }
    }
}

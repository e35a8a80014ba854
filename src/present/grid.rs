//! Rows and columns of text within the width of a terminal.
//!
//! A number is never cut. Columns that are the same in all rows stand in the
//! caption, heads are broken at underscores, texts are shortened, and what then
//! still does not fit is left out from the right and named. Few rows with many
//! columns are written down the page.

use unicode_width::UnicodeWidthStr as _;

/// Blanks between columns.
const GAP: usize = 2;

/// The longest text that a cell of several rows shows.
const LONGEST: usize = 60;

/// Texts are not shortened to less, as long as columns can be left out.
const SHORTEST: usize = 14;

/// So few rows are written down the page where columns would be left out.
const FEW_ROWS: usize = 3;

/// Lines that the head of a column has at most.
const HEAD_LINES: usize = 3;

/// What a column has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Shortened where it must be; begins at the left.
    Text,
    /// Never cut; ends at the right.
    Number,
    /// Never cut; begins at the left: dates, bars.
    Whole,
}

/// A column: its name, and a cell for each row.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) kind: Kind,
    pub(crate) cells: Vec<String>,
}

impl Column {
    pub(crate) fn new(name: &str, kind: Kind, cells: Vec<String>) -> Self {
        Self {
            name: name.to_owned(),
            kind,
            cells,
        }
    }

    fn is_constant(&self) -> bool {
        match self.cells.split_first() {
            Some((first, rest)) => !rest.is_empty() && rest.iter().all(|cell| cell == first),
            None => false,
        }
    }

    fn cells_width(&self) -> usize {
        self.cells.iter().map(|c| c.width()).max().unwrap_or(0)
    }
}

/// How a grid is laid out.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Layout<'a> {
    /// The columns of a line; no limit if there is none.
    pub(crate) width: Option<usize>,
    /// Every column, however wide.
    pub(crate) all: bool,
    /// Each row down the page.
    pub(crate) records: bool,
    /// What to do to see the columns that were left out.
    pub(crate) hint: &'a str,
    /// Columns that are the same in all rows stay where they are.
    pub(crate) keep_constants: bool,
}

/// The grid as lines, without blanks at their ends.
pub(crate) fn lines(columns: &[Column], layout: Layout<'_>) -> Vec<String> {
    let rows = columns.first().map_or(0, |column| column.cells.len());
    if layout.records {
        return records(columns, rows, layout.width);
    }
    let width = layout.width.filter(|_| !layout.all);
    let constant = |kinds: &[Kind]| -> (Vec<Column>, Vec<Column>) {
        if layout.keep_constants || columns.iter().all(Column::is_constant) {
            return (Vec::new(), columns.to_vec());
        }
        columns
            .iter()
            .cloned()
            .partition(|column| kinds.contains(&column.kind) && column.is_constant())
    };
    let (mut caption, mut shown) = constant(&[Kind::Text, Kind::Whole]);
    if widths(&shown, width, true).len() < shown.len() {
        (caption, shown) = constant(&[Kind::Text, Kind::Whole, Kind::Number]);
    }
    let fitting = widths(&shown, width, true);
    if fitting.len() < shown.len() && rows <= FEW_ROWS && rows > 0 {
        return records(columns, rows, layout.width);
    }
    let mut out = Vec::new();
    if !caption.is_empty() {
        let facts = caption.iter().map(|c| {
            let cell = c.cells.first().map_or("", String::as_str);
            format!("{} {cell}", c.name)
        });
        out.extend(wrap(&facts.collect::<Vec<_>>(), ", ", "", layout.width));
        out.push(String::new());
    }
    let left_out: Vec<String> = shown
        .iter()
        .skip(fitting.len())
        .map(|column| column.name.clone())
        .collect();
    shown.truncate(fitting.len());
    out.extend(head(&shown, &fitting));
    for row in 0..rows {
        out.push(line(shown.iter().zip(&fitting).map(|(column, width)| {
            let cell = column.cells.get(row).map_or("", String::as_str);
            pad(cell, *width, column.kind)
        })));
    }
    if !left_out.is_empty() {
        let plural = if left_out.len() == 1 { "" } else { "s" };
        let before = format!("+{} column{plural}: ", left_out.len());
        let last = left_out.len() - 1;
        let names = left_out.into_iter().enumerate().map(|(at, name)| {
            let end = match (at == last, layout.hint) {
                (false, _) => ",",
                (true, "") => "",
                (true, _) => ";",
            };
            format!("{name}{end}")
        });
        let hint = layout.hint.split_whitespace().map(str::to_owned);
        let words: Vec<String> = names.chain(hint).collect();
        out.extend(wrap(&words, " ", &before, layout.width));
    }
    out
}

/// The widths of the columns that fit, from the left.
fn widths(columns: &[Column], limit: Option<usize>, shorten: bool) -> Vec<usize> {
    let natural: Vec<usize> = columns
        .iter()
        .map(|column| {
            let cells = column.cells_width();
            match column.kind {
                Kind::Text => cells.min(LONGEST),
                Kind::Number | Kind::Whole => cells,
            }
        })
        .collect();
    let with = |head: fn(&str) -> usize| -> Vec<usize> {
        columns
            .iter()
            .zip(&natural)
            .map(|(column, cells)| (*cells).max(head(&column.name)).max(1))
            .collect()
    };
    let one_line = with(|name| name.width().min(LONGEST));
    let Some(limit) = limit else {
        return one_line;
    };
    if total(&one_line) <= limit {
        return one_line;
    }
    let broken = with(broken_width);
    if total(&broken) <= limit {
        return widened(broken, &one_line, limit);
    }
    let floors: Vec<usize> = columns
        .iter()
        .zip(&broken)
        .map(|(column, width)| match column.kind {
            Kind::Text if shorten => (*width).min(SHORTEST.max(broken_width(&column.name))),
            Kind::Text | Kind::Number | Kind::Whole => *width,
        })
        .collect();
    let mut count = columns.len();
    while count > 1 && total(floors.get(..count).unwrap_or_default()) > limit {
        count -= 1;
    }
    let floors: Vec<usize> = floors.into_iter().take(count).collect();
    let mut fitting = widened(floors, &broken, limit);
    // A single column of text that is wider than the terminal.
    if let ([width], Some(Kind::Text)) = (fitting.as_mut_slice(), columns.first().map(|c| c.kind)) {
        *width = (*width).min(limit);
    }
    widened(fitting, &one_line, limit)
}

/// Widths brought nearer to those that are wanted, as far as there is room: the
/// narrowest first.
fn widened(mut widths: Vec<usize>, wanted: &[usize], limit: usize) -> Vec<usize> {
    let mut room = limit.saturating_sub(total(&widths));
    while room > 0 {
        let mut short = widths.iter_mut().zip(wanted);
        let short = short.by_ref().filter(|(width, wanted)| **width < **wanted);
        let Some((width, _)) = short.min_by_key(|(width, _)| **width) else {
            break;
        };
        *width += 1;
        room -= 1;
    }
    widths
}

fn total(widths: &[usize]) -> usize {
    widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1)
}

/// The pieces at whose ends a head may be broken.
fn pieces(name: &str) -> Vec<&str> {
    name.split_inclusive(['_', '.', '(', ' ', ',', '/'])
        .collect()
}

/// How wide a head must be at least.
fn broken_width(name: &str) -> usize {
    let pieces = pieces(name);
    let longest = pieces.iter().map(|piece| piece.trim_end().width()).max();
    let third = name.width().div_ceil(HEAD_LINES);
    longest.unwrap_or(0).max(third).min(LONGEST / 2)
}

fn head(columns: &[Column], widths: &[usize]) -> Vec<String> {
    let heads: Vec<Vec<String>> = columns
        .iter()
        .zip(widths)
        .map(|(column, width)| broken(&column.name, *width))
        .collect();
    let height = heads.iter().map(Vec::len).max().unwrap_or(0);
    let mut out: Vec<String> = (0..height)
        .map(|at| {
            line(
                heads
                    .iter()
                    .zip(columns.iter().zip(widths))
                    .map(|(head, (column, width))| {
                        // Short heads stand at the foot.
                        let text = (at + head.len())
                            .checked_sub(height)
                            .and_then(|at| head.get(at))
                            .map_or("", String::as_str);
                        pad(text, *width, column.kind)
                    }),
            )
        })
        .collect();
    out.push("─".repeat(total(widths)));
    out
}

/// A head in lines of a width.
fn broken(name: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = vec![String::new()];
    for piece in pieces(name) {
        match lines.last_mut() {
            Some(last) if last.is_empty() || last.width() + piece.trim_end().width() <= width => {
                last.push_str(piece);
            }
            _ => lines.push(piece.to_owned()),
        }
    }
    if lines.len() > HEAD_LINES {
        let rest = lines.split_off(HEAD_LINES - 1).concat();
        lines.push(rest);
    }
    lines
        .iter()
        .map(|line| shortened(line.trim_end(), width))
        .collect()
}

fn line(cells: impl Iterator<Item = String>) -> String {
    let cells: Vec<String> = cells.collect();
    cells.join(&" ".repeat(GAP)).trim_end().to_owned()
}

fn pad(text: &str, width: usize, kind: Kind) -> String {
    let text = match kind {
        Kind::Text => shortened(text, width),
        Kind::Number | Kind::Whole => text.to_owned(),
    };
    let blanks = " ".repeat(width.saturating_sub(text.width()));
    match kind {
        Kind::Number => format!("{blanks}{text}"),
        Kind::Text | Kind::Whole => format!("{text}{blanks}"),
    }
}

/// A text of at most `width` columns, with `…` where it was cut.
pub(crate) fn shortened(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut kept = String::new();
    for c in text.chars() {
        let longer = format!("{kept}{c}");
        if longer.width() + 1 > width {
            break;
        }
        kept = longer;
    }
    kept.push('…');
    kept
}

/// Each row down the page, a line for each column.
fn records(columns: &[Column], rows: usize, width: Option<usize>) -> Vec<String> {
    let names = columns.iter().map(|c| c.name.width()).max().unwrap_or(0);
    let mut out = Vec::new();
    for row in 0..rows {
        if rows > 1 {
            out.push(format!("── {} ──", row + 1));
        }
        for column in columns {
            let cell = column.cells.get(row).map_or("", String::as_str);
            let room = width.map(|width| width.saturating_sub(names + GAP).max(SHORTEST));
            let cell = match (room, column.kind) {
                (Some(room), Kind::Text) => shortened(cell, room),
                _ => cell.to_owned(),
            };
            let name = pad(&column.name, names, Kind::Whole);
            out.push(
                format!("{name}{}{cell}", " ".repeat(GAP))
                    .trim_end()
                    .to_owned(),
            );
        }
    }
    out
}

/// Words one after the other, on as many lines as they need.
pub(crate) fn wrap(
    words: &[String],
    between: &str,
    before: &str,
    width: Option<usize>,
) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = before.to_owned();
    for (at, word) in words.iter().enumerate() {
        let last = at + 1 == words.len();
        let word = if last {
            word.clone()
        } else {
            format!("{word}{between}")
        };
        let fits = width.is_none_or(|width| line.width() + word.trim_end().width() <= width);
        if !fits && !line.trim().is_empty() {
            lines.push(line.trim_end().to_owned());
            line = String::new();
        }
        line.push_str(&word);
    }
    lines.push(line.trim_end().to_owned());
    lines
}

/// Prose on lines of a width, each after `indent`.
pub(crate) fn prose(text: &str, indent: &str, width: Option<usize>) -> Vec<String> {
    let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
    let room = width.map(|width| width.saturating_sub(indent.width()));
    wrap(&words, " ", "", room)
        .into_iter()
        .map(|line| format!("{indent}{line}"))
        .collect()
}

#[cfg(test)]
mod tests;

//! The tokens of a query: where its clauses stand, which the syntax tree does
//! not tell, and how deep a tree it will be.

use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::tokenizer::{Span, Token, Tokenizer};

/// The deepest expression that is planned, in operators within each other.
/// Parsing, planning and optimizing call themselves at each level.
pub(crate) const MAX_DEPTH: usize = 200;

/// The most SELECTs and joins of one query: each may be a level of its plan.
pub(crate) const MAX_NODES: usize = 100;

/// How deep brackets may stand in each other: what the parser takes.
pub(crate) const MAX_BRACKETS: usize = 40;

/// The keywords that end a clause of a SELECT by beginning the next.
const CLAUSES: [Keyword; 19] = [
    Keyword::SELECT,
    Keyword::FROM,
    Keyword::PREWHERE,
    Keyword::WHERE,
    Keyword::GROUP,
    Keyword::HAVING,
    Keyword::QUALIFY,
    Keyword::WINDOW,
    Keyword::ORDER,
    Keyword::SORT,
    Keyword::CLUSTER,
    Keyword::DISTRIBUTE,
    Keyword::LIMIT,
    Keyword::OFFSET,
    Keyword::FETCH,
    Keyword::FOR,
    Keyword::UNION,
    Keyword::EXCEPT,
    Keyword::INTERSECT,
];

/// The words that stand before JOIN.
const JOIN_WORDS: [Keyword; 11] = [
    Keyword::NATURAL,
    Keyword::INNER,
    Keyword::LEFT,
    Keyword::RIGHT,
    Keyword::FULL,
    Keyword::OUTER,
    Keyword::CROSS,
    Keyword::SEMI,
    Keyword::ANTI,
    Keyword::ASOF,
    Keyword::ARRAY,
];

/// A token and how many brackets it stands in.
#[derive(Debug)]
struct Placed {
    token: Token,
    span: Span,
    depth: usize,
}

impl Placed {
    fn keyword(&self) -> Keyword {
        match &self.token {
            Token::Word(word) if word.quote_style.is_none() => word.keyword,
            _ => Keyword::NoKeyword,
        }
    }

    fn ends_clause(&self) -> bool {
        CLAUSES.contains(&self.keyword()) || self.token == Token::SemiColon
    }
}

/// A query's tokens without blanks and comments.
#[derive(Debug)]
pub(crate) struct Tokens(Vec<Placed>);

impl Tokens {
    /// The tokens of a text; of one that has other characters than SQL has,
    /// which the parser tells, those before the first of them.
    pub(crate) fn of(text: &str) -> Self {
        let mut tokens = Vec::new();
        // What was read before an error stays.
        let _ =
            Tokenizer::new(&GenericDialect {}, text).tokenize_with_location_into_buf(&mut tokens);
        let mut depth = 0_usize;
        let mut placed = Vec::with_capacity(tokens.len());
        for token in tokens {
            if matches!(token.token, Token::Whitespace(_) | Token::EOF) {
                continue;
            }
            if closes(&token.token) {
                depth = depth.saturating_sub(1);
            }
            placed.push(Placed {
                span: token.span,
                depth,
                token: token.token,
            });
            if placed.last().is_some_and(|last| opens(&last.token)) {
                depth += 1;
            }
        }
        Self(placed)
    }

    /// The first token.
    pub(crate) fn first(&self) -> Option<Span> {
        self.0.first().map(|token| token.span)
    }

    /// The first of some keywords, wherever it stands.
    pub(crate) fn keyword(&self, words: &[Keyword]) -> Option<Span> {
        let found = self.0.iter().find(|token| words.contains(&token.keyword()));
        found.map(|token| token.span)
    }

    /// The clause of the outermost SELECT that begins with `word`: from that
    /// word up to the next clause.
    pub(crate) fn clause(&self, word: Keyword) -> Option<Span> {
        let begins = |token: &Placed| token.depth == 0 && token.keyword() == word;
        let at = self.0.iter().position(begins)?;
        self.stretch(at, self.clause_end(at))
    }

    /// The DISTINCT, TOP or other word that stands after the outermost SELECT.
    pub(crate) fn after_select(&self) -> Option<Span> {
        let select = |token: &Placed| token.depth == 0 && token.keyword() == Keyword::SELECT;
        let at = self.0.iter().position(select)?;
        self.0.get(at + 1).map(|token| token.span)
    }

    /// What the outermost SELECT joins to the first table of FROM, in the order
    /// of writing: each from the words before JOIN, or from the comma, up to
    /// the next.
    pub(crate) fn joins(&self) -> Vec<Span> {
        let from = |token: &Placed| token.depth == 0 && token.keyword() == Keyword::FROM;
        let Some(start) = self.0.iter().position(from) else {
            return Vec::new();
        };
        let end = self.clause_end(start);
        let mut begins = Vec::new();
        for at in start + 1..end {
            let Some(token) = self.0.get(at).filter(|token| token.depth == 0) else {
                continue;
            };
            let before = at.checked_sub(1).and_then(|before| self.0.get(before));
            let follows = before.is_some_and(|before| JOIN_WORDS.contains(&before.keyword()));
            let is_join = matches!(
                token.keyword(),
                Keyword::JOIN | Keyword::APPLY | Keyword::STRAIGHT_JOIN
            );
            let starts = token.token == Token::Comma
                || (is_join && !follows)
                || (JOIN_WORDS.contains(&token.keyword()) && !follows && self.leads_to_join(at));
            if starts {
                begins.push(at);
            }
        }
        let ends = begins.iter().skip(1).copied().chain([end]);
        begins
            .iter()
            .zip(ends)
            .filter_map(|(start, end)| self.stretch(*start, end))
            .collect()
    }

    fn leads_to_join(&self, at: usize) -> bool {
        let rest = self.0.get(at..).unwrap_or_default();
        let word = rest
            .iter()
            .map(Placed::keyword)
            .find(|word| !JOIN_WORDS.contains(word));
        matches!(word, Some(Keyword::JOIN | Keyword::APPLY))
    }

    fn clause_end(&self, start: usize) -> usize {
        let rest = self.0.iter().enumerate().skip(start + 1);
        // `a IS DISTINCT FROM b` begins no clause.
        let distinct_from = |at: usize| {
            let before = at.checked_sub(1).and_then(|at| self.0.get(at));
            before.is_some_and(|before| before.keyword() == Keyword::DISTINCT)
        };
        let mut ends = rest
            .filter(|(at, token)| token.depth == 0 && token.ends_clause() && !distinct_from(*at));
        ends.next().map_or(self.0.len(), |(at, _)| at)
    }

    /// From one token up to another, which is not included.
    fn stretch(&self, start: usize, end: usize) -> Option<Span> {
        let first = self.0.get(start)?;
        let last = self.0.get(end.max(start + 1) - 1)?;
        Some(Span::new(first.span.start, last.span.end))
    }

    /// Where the query becomes deeper than is planned, if it does. Operators
    /// after each other make an expression as deep as they are many; lists and
    /// branches of CASE do not.
    pub(crate) fn too_deep(&self) -> Option<Span> {
        let mut levels = vec![Level::default()];
        let mut nodes = 0_usize;
        for token in &self.0 {
            if opens(&token.token) {
                levels.push(Level::default());
            } else if closes(&token.token) && levels.len() > 1 {
                levels.pop();
            }
            if let Some(level) = levels.last_mut() {
                nodes += usize::from(level.is_node(token));
                level.take(token);
            }
            let depth: usize = levels.iter().map(|level| level.chain).sum();
            if levels.len() > MAX_BRACKETS || depth > MAX_DEPTH || nodes > MAX_NODES {
                return Some(token.span);
            }
        }
        None
    }
}

/// What deepens an expression within one pair of brackets.
#[derive(Debug, Default)]
struct Level {
    /// Operators since the last comma or clause.
    chain: usize,
    in_from: bool,
}

impl Level {
    /// Whether a token adds a SELECT or a joined table.
    fn is_node(&self, token: &Placed) -> bool {
        matches!(token.keyword(), Keyword::SELECT | Keyword::JOIN)
            || (self.in_from && token.token == Token::Comma)
    }

    fn take(&mut self, token: &Placed) {
        match (&token.token, token.keyword()) {
            (_, Keyword::FROM) => {
                self.chain = 0;
                self.in_from = true;
            }
            (_, word) if CLAUSES.contains(&word) => {
                self.chain = 0;
                self.in_from = false;
            }
            (Token::Comma, _)
            | (_, Keyword::WHEN | Keyword::THEN | Keyword::ELSE | Keyword::ON | Keyword::JOIN) => {
                self.chain = 0;
            }
            (_, Keyword::AND | Keyword::OR | Keyword::NOT | Keyword::IS | Keyword::COLLATE) => {
                self.chain += 1;
            }
            (_, Keyword::XOR | Keyword::LIKE | Keyword::ILIKE | Keyword::BETWEEN | Keyword::AT) => {
                self.chain += 1;
            }
            // The subscripts of a value stand one on the other.
            (Token::RBracket, _) => self.chain += 1,
            (other, _) if is_operator(other) => self.chain += 1,
            _ => {}
        }
    }
}

fn is_operator(token: &Token) -> bool {
    !matches!(
        token,
        Token::Word(_)
            | Token::Number(..)
            | Token::Char(_)
            | Token::SingleQuotedString(_)
            | Token::DoubleQuotedString(_)
            | Token::DollarQuotedString(_)
            | Token::EscapedStringLiteral(_)
            | Token::Placeholder(_)
            | Token::Comma
            | Token::Period
            | Token::SemiColon
    ) && !opens(token)
        && !closes(token)
}

fn opens(token: &Token) -> bool {
    matches!(token, Token::LParen | Token::LBracket | Token::LBrace)
}

fn closes(token: &Token) -> bool {
    matches!(token, Token::RParen | Token::RBracket | Token::RBrace)
}

#[cfg(test)]
mod tests {
    use datafusion::sql::sqlparser::tokenizer::Location;

    use super::*;

    fn text(sql: &str, span: Span) -> &str {
        let offset = |at: Location| usize::try_from(at.column).unwrap() - 1;
        &sql[offset(span.start)..offset(span.end)]
    }

    #[test]
    fn clauses_are_found_outside_of_brackets() {
        let sql = "WITH a AS (SELECT 1 WHERE b) SELECT x FROM (SELECT 1 LIMIT 2) WHERE c IS DISTINCT FROM d GROUP BY e";
        let tokens = Tokens::of(sql);
        let clause = |word| tokens.clause(word).map(|span| text(sql, span));
        assert_eq!(clause(Keyword::WHERE), Some("WHERE c IS DISTINCT FROM d"));
        assert_eq!(clause(Keyword::GROUP), Some("GROUP BY e"));
        assert_eq!(clause(Keyword::LIMIT), None);
    }

    #[test]
    fn joins_begin_with_the_words_before_them() {
        let sql = "SELECT * FROM a LEFT OUTER JOIN b ON left(x, 1) = y, c JOIN (d CROSS JOIN e) NATURAL LEFT JOIN f WHERE g";
        let joins = Tokens::of(sql).joins();
        let joins: Vec<&str> = joins.into_iter().map(|span| text(sql, span)).collect();
        assert_eq!(
            joins,
            [
                "LEFT OUTER JOIN b ON left(x, 1) = y",
                ", c",
                "JOIN (d CROSS JOIN e)",
                "NATURAL LEFT JOIN f"
            ]
        );
    }

    #[test]
    fn what_is_long_is_not_always_deep() {
        let deep = |sql: &str| Tokens::of(sql).too_deep().is_some();
        let many = |text: &str| text.repeat(MAX_DEPTH + 1);
        for shallow in [
            format!("SELECT a IN ({}1)", many("1, ")),
            format!("SELECT {}1", many("a + b, ")),
            format!("SELECT CASE {} END", many("WHEN a = 1 THEN b ")),
        ] {
            assert!(!deep(&shallow), "{shallow}");
        }
        for tree in [
            format!("SELECT {}1", many("1 + ")),
            format!("SELECT 1 WHERE {}a", many("a OR ")),
            format!("SELECT {}1", many("NOT ")),
            format!("SELECT a{}", many("::int")),
            format!("SELECT a{}", many("[1]")),
            format!("SELECT {}1{}", "(".repeat(50), ")".repeat(50)),
            format!("SELECT 1 {}", many(" UNION ALL SELECT 1")),
            format!("SELECT 1 FROM a {}", many(" JOIN a ON true")),
            format!("SELECT 1 FROM {}a", many("a, ")),
            format!("WITH {} SELECT 1", many("a AS (SELECT 1), ")),
        ] {
            assert!(deep(&tree), "{tree}");
        }
    }
}

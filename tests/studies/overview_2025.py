"""An overview of Hugging Face for learners, of 2025: `2025.csv`. Its figures are round lower limits."""

from studies import Asked, Follows, printed

FILE = "2025"

ANSWERS = {
    ("models above", "universe"): Follows(lambda: printed("2025-10", "models", "universe", "all")),
    ("datasets above", "universe"): Follows(lambda: printed("2026-03", "datasets above", "universe", "all")),
    # What the Hub had three years before it still has, but for few.
    ("models above", "library"): Asked(
        "SELECT models FROM aggregate_libraries WHERE universe = 'all' AND period = 'last_30d' AND library = $1",
        "2022-02-21",
    ),
}

UNANSWERED = {}

"""The three models that were downloaded most among the trending ones, about March 2026: `2026-03-trending.csv`.

The text is undated; two snapshots have its models. The ranking of 30 April 2026 lists the first two, some weeks later by
their likes. The third is in none of 2026; what formats it comes in, the census of February 2022 says, too.
"""

from studies import Asked, Figure, OtherDate, give_or_take, within_factor

FILE = "2026-03-trending"

ELECTRA = "google/electra-base-discriminator"
NEAR = "2026-04-30"

OF_MODEL = "SELECT {column} FROM aggregate_top_models WHERE ranking = 'downloads_30d' AND id = $1"
DOWNLOADS = OF_MODEL.format(column="downloads_30d")
LIKES = OF_MODEL.format(column="likes")
# Among the models of the text: others may trend on another day, and come between.
RANK = f"""
    SELECT rank FROM (
        SELECT id, row_number() OVER (ORDER BY downloads_30d DESC) AS rank FROM aggregate_top_models
        WHERE ranking = 'downloads_30d'
          AND id IN ('sentence-transformers/all-MiniLM-L6-v2', 'google-bert/bert-base-uncased', '{ELECTRA}'))
    WHERE id = $1"""
FRAMEWORK = "SELECT count(*) FROM enrich_model_frameworks WHERE id = '{within}' AND framework = $1"

# Which counter the text has: these models' downloads of all time are more than ten times those of 30 days.
OF_30_DAYS = within_factor(2)


def some_weeks_later(figure: Figure) -> tuple[float, float]:
    """Likes of models that are four years old: hardly one is withdrawn, and a tenth more takes months."""
    return figure.value, figure.value * 1.1


ABSENT = "no snapshot of 2026 has this model"

ANSWERS = {
    ("downloads", "model"): Asked(DOWNLOADS, NEAR, OF_30_DAYS),
    ("downloads above", "model"): Asked(DOWNLOADS, NEAR, OF_30_DAYS),
    ("likes", "model"): Asked(LIKES, NEAR, some_weeks_later),
    ("rank by downloads", "model"): Asked(RANK, NEAR),
    # One digit is printed, and the ratio of the other day is rounded to it, too.
    ("likes_share_of_downloads about", "model"): Asked(
        OF_MODEL.format(column="likes_per_1000_downloads_30d / 10"), NEAR, give_or_take(0.0005)
    ),
    ("models", "framework in {within}"): Asked(FRAMEWORK, NEAR),
    ("models", f"framework in {ELECTRA}"): Asked(FRAMEWORK, "2022-02-21"),
}

PERSISTENCE = """
    SELECT max(months) FROM aggregate_rank_persistence
    WHERE first = 10 AND still_ranked_share >= 0.5
      AND ranking = CASE $1 WHEN 'first by downloads' THEN 'downloads_30d' END"""

UNANSWERED = {
    ("downloads", "model", ELECTRA): OtherDate(DOWNLOADS, ABSENT),
    ("downloads above", "model", ELECTRA): OtherDate(DOWNLOADS, ABSENT),
    ("likes", "model", ELECTRA): OtherDate(LIKES, ABSENT),
    ("rank by downloads", "model", ELECTRA): OtherDate(RANK, ABSENT),
    # The months over which at least half of the first ten stay among them.
    ("months until standard about", "ranking"): OtherDate(PERSISTENCE, "no series of all models over months is at hand"),
}

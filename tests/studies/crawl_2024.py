"""The crawl of the models with the most likes, of August 2024: `2024-08.csv`.

Nobody has its file. What the tables define is asserted on a file in the crawl's form, written from the printed figures
(`written_crawl.py`): that shows that the definitions are the study's, and nothing about the Hub.
"""

from studies import Asked, Follows, NotMetadata, OtherDate, give_or_take, printed, within_factor

FILE = "2024-08"

CLUSTERS = ["104K–145M", "146M–725M", "728M–3.7B", "3.7B–20.9B", "21.1B–703B"]
WRITTEN = "2024-08-01"

# The clusters are found, and so not known by their limits: the place that a name has among the printed.
CLUSTER = """
    SELECT {column} FROM aggregate_size_clusters
    WHERE cluster = list_position([""" + ", ".join(f"'{name}'" for name in CLUSTERS) + "], $1)"
AMONG_THE_FIRST_20 = """
    SELECT rank FROM (
        SELECT account, row_number() OVER (ORDER BY {column} DESC) AS rank FROM aggregate_account_popularity
        WHERE universe = 'all' AND period = 'last_30d' AND rank_by_models <= 20)
    WHERE account = $1"""
MISSING = """
    SELECT 100 * missing_share FROM aggregate_missing_values
    WHERE column_name = CASE $1 WHEN 'task' THEN 'pipeline_tag' WHEN 'model_size' THEN 'stated_parameters' END"""
RANK_OF_TASK = """
    SELECT rank_by_models FROM aggregate_task_popularity
    WHERE universe = 'all' AND period = 'last_30d' AND task_tag = $1"""
RANK_OF_ACCOUNT = """
    SELECT rank_by_models FROM aggregate_account_popularity
    WHERE universe = 'all' AND period = 'last_30d' AND account = $1"""


def printed_models(cluster: str) -> float:
    return printed(FILE, "models", "size cluster", cluster)


ANSWERS = {
    ("models", "universe"): Asked(
        "SELECT models FROM aggregate_hub_totals WHERE kind = 'models' AND universe = 'all' AND $1 = 'crawl'", WRITTEN
    ),
    # The title rounds it to ten thousands.
    ("models about", "universe"): Follows(lambda: printed(FILE, "models", "universe", "crawl"), give_or_take(5000)),
    # The five clusters have more models than that: it is the sum of the first four, without the largest.
    ("models", "size known"): Follows(lambda: sum(printed_models(cluster) for cluster in CLUSTERS[:4])),
    ("missing_share about", "column"): Asked(MISSING, WRITTEN, give_or_take(0.01)),
    ("missing_share above", "column"): Asked(MISSING, WRITTEN),
    ("rank by models", "account"): Asked(RANK_OF_ACCOUNT, WRITTEN),
    ("rank by models", "task"): Asked(RANK_OF_TASK, WRITTEN),
    ("rank by mean downloads of the first 20", "account"): Asked(
        AMONG_THE_FIRST_20.format(column="mean_downloads"), WRITTEN
    ),
    ("rank by mean likes of the first 20", "account"): Asked(AMONG_THE_FIRST_20.format(column="mean_likes"), WRITTEN),
    ("clusters", "size cluster"): Asked("SELECT count(*) FROM aggregate_size_clusters WHERE $1 = 'all'", WRITTEN),
    ("models", "size cluster"): Asked(CLUSTER.format(column="models"), WRITTEN),
    # Printed with two digits at least: 3.7B ends one cluster and begins the next.
    ("least parameters", "size cluster"): Asked(CLUSTER.format(column="min_parameters"), WRITTEN, within_factor(1.015)),
    ("most parameters", "size cluster"): Asked(CLUSTER.format(column="max_parameters"), WRITTEN, within_factor(1.015)),
}

UNANSWERED = {
    ("pages", "universe"): NotMetadata("how many pages of the website a crawl asked for"),
    # Most of accuracy, macro precision, recall and F1.
    ("rank by most scores", "classifier"): OtherDate("""
        SELECT rank FROM (
            SELECT classifier, row_number() OVER (
                ORDER BY CAST(accuracy = max_accuracy AS INT) + CAST(macro_precision = max_precision AS INT)
                       + CAST(macro_recall = max_recall AS INT) + CAST(macro_f1 = max_f1 AS INT) DESC) AS rank
            FROM aggregate_task_model_scores
            CROSS JOIN (SELECT max(accuracy) AS max_accuracy, max(macro_precision) AS max_precision,
                               max(macro_recall) AS max_recall, max(macro_f1) AS max_f1 FROM aggregate_task_model_scores))
        WHERE classifier = $1"""),
}

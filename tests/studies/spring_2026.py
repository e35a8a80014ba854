"""The state of open source on the Hub in the spring of 2026, of 17 March: `2026-03.csv`.

The study had all of the Hub, over years; what is at hand is a slice of May 2026, mostly of language models, and rankings.
A figure is asserted on these where the part must have what the whole has.
"""

from studies import Asked, Follows, NotMetadata, NotYet, OtherDate, printed, within_factor

FILE = "2026-03"

# The models of leaderboards, two months later.
NEAR = "2026-05-24"

GROWTH = """
    SELECT max(cumulative) FILTER (month = '2025-12') / max(cumulative) FILTER (month = '2024-12')
    FROM aggregate_growth WHERE kind = $1"""
CONCENTRATION = """
    SELECT 100 * {column} FROM aggregate_concentration
    WHERE universe = 'all' AND period = 'all_time' AND unit = 'model' AND zeros_included AND {condition}"""
# Not the parts whose country is not one: international, unknown, unlisted.
RANK_OF_COUNTRY = """
    SELECT rank FROM (
        SELECT place, row_number() OVER (ORDER BY downloads DESC) AS rank FROM aggregate_geography
        WHERE universe = 'all' AND period = '{within}' AND attribution = 'publisher' AND level = 'country'
          AND length(place) = 2)
    WHERE place = $1"""
# Releases are repositories of any kind.
NEW = """
    SELECT {sum} FROM aggregate_entity_growth
    WHERE kind IN ('models', 'datasets', 'spaces') AND year = '{within}' AND entity = $1"""
RANK_BY_REPOSITORIES = """
    SELECT rank FROM (
        SELECT entity, row_number() OVER (ORDER BY sum(new) DESC) AS rank FROM aggregate_entity_growth
        WHERE kind IN ('models', 'datasets', 'spaces')
          AND entity IN (SELECT entity FROM aggregate_group_members WHERE group_name = 'Big Tech')
        GROUP BY entity)
    WHERE entity = $1"""
DERIVATIVES = """
    SELECT sum(derivatives) FILTER (entity = 'Alibaba') / sum(derivatives) FILTER (entity IN ('Google', 'Meta'))
    FROM aggregate_entity_derivatives WHERE $1 = 'Alibaba over Google and Meta'"""
# Users are one maker among the organisations.
RANK_OF_USERS = """
    SELECT rank FROM (
        SELECT maker, row_number() OVER (ORDER BY sum(recent_models) DESC, maker) AS rank FROM (
            SELECT CASE WHEN entity_type IN ('individual', 'unlisted user') THEN 'individual users' ELSE entity END AS maker,
                   recent_models
            FROM aggregate_trending_by_entity WHERE first = 1000 AND attribution = 'publisher')
        GROUP BY maker)
    WHERE maker = $1"""
LEADERS = """
    WITH classes AS (
        SELECT downloads_30d AS downloads, CASE WHEN parameters >= 100e9 THEN 'large' ELSE 'small' END AS class
        FROM enrich_models WHERE parameters >= 100e9 OR parameters BETWEEN 1e9 AND 9e9),
    leaders AS (
        SELECT class, downloads FROM classes
        QUALIFY row_number() OVER (PARTITION BY class ORDER BY downloads DESC NULLS LAST) <= 10)
    SELECT median(downloads) FILTER (class = 'small') / median(downloads) FILTER (class = 'large')
    FROM leaders WHERE $1 = '1–9B over ≥100B'"""
# Of what was downloaded in the month before the end of the year.
OF_DOWNLOADED = """
    SELECT {column} FROM aggregate_sizes_over_time
    WHERE universe = 'all' AND period = 'last_30d' AND year = 'all' AND $1 IN ('2023', '2025')"""
# What was downloaded within the year that ends with the snapshot. The study's industry are companies, its independents
# individuals.
GAINS = """
    SELECT 100 * {column} FROM aggregate_gains
    WHERE window_days = 365 AND universe = 'all' AND attribution = 'publisher' AND dimension = '{dimension}'
      AND value = CASE $1 WHEN 'industry' THEN 'company' WHEN 'independent' THEN 'individual' ELSE $1 END"""
# Four years are nearly all of the time that the counter counts.
UNCLEAR = """
    SELECT 100 * sum(downloads_share) FROM aggregate_geography
    WHERE universe = 'all' AND period = 'all_time' AND attribution = 'publisher' AND level = 'country'
      AND length(place) > 2 AND $1 = 'none clear'"""
DATASETS = "SELECT {column} FROM aggregate_datasets_by_task WHERE year = '{within}' AND task_category = $1"

ANSWERS = {
    # What the study of October 2025 counted in the year of which this is said.
    ("models above", "universe"): Follows(lambda: printed("2025-10", "models", "universe", "all")),
    # Two hundred of those, in hundredths of a percent.
    ("models_share_of_hub", "universe"): Follows(
        lambda: round(100 * 200 / printed("2025-10", "models", "universe", "all"), 2)
    ),
    # Who is first of all is first of a part that has it.
    ("rank by likes", "model"): Asked("SELECT rank FROM aggregate_top_models WHERE ranking = 'likes' AND id = $1", NEAR),
    # The slice has the language models of both sizes that the comparison is of. A factor of two either way: within two
    # months a few releases change who the ten are, and the original compares models at the same age.
    ("leaders_downloads_ratio about", "size class"): Asked(LEADERS, NEAR, within_factor(2)),
}

NO_YEAR = "no two snapshots of all models a year apart are at hand"
BEFORE = "downloads of years of which no source has a counter"
END_OF_YEAR = "no snapshot of the end of these years is at hand"

UNANSWERED = {
    ("users", "universe"): NotMetadata("how many users the Hub has"),
    ("growth_factor about", "kind", "users"): NotMetadata("how many users the Hub has"),
    ("growth_factor about", "kind"): OtherDate(GROWTH),
    ("datasets above", "universe"): OtherDate(
        "SELECT models FROM aggregate_hub_totals WHERE kind = 'datasets' AND universe = $1 AND period = 'all_time'"
    ),
    ("share_under_200_downloads about", "unit"): OtherDate(
        CONCENTRATION.format(column="share_under_200_downloads", condition="$1 = unit")
    ),
    ("downloads_share_of_hub", "universe"): OtherDate(
        CONCENTRATION.format(column="top200_share", condition="$1 = 'top 200 models'")
    ),
    ("share with a verified account above", "companies"): NotMetadata(
        "which account is whose, of all companies of the Fortune 500: reference.groups has those that publish models"
    ),
    ("downloads_share about", "country in {within}"): OtherDate(UNCLEAR),
    ("rank by downloads at most", "country in {within}"): OtherDate(RANK_OF_COUNTRY.replace("{within}", "all_time")),
    ("rank by downloads", "country in {within}"): OtherDate(RANK_OF_COUNTRY),
    ("downloads_share", "country in {within}"): OtherDate(GAINS.format(column="gained_share", dimension="country"), NO_YEAR),
    ("downloads_share about", "entity_type in before 2022"): NotMetadata(BEFORE),
    ("downloads_share", "entity_type in before 2022"): NotMetadata(BEFORE),
    ("downloads_share", "entity_type in {within}"): OtherDate(GAINS.format(column="gained_share", dimension="entity_type"), NO_YEAR),
    ("downloads_share about", "entity_type in {within}"): OtherDate(
        GAINS.format(column="gained_share", dimension="entity_type"), NO_YEAR
    ),
    ("highest downloads_share above", "entity_type in {within}"): OtherDate(
        GAINS.format(column="gained_share", dimension="entity_type").replace("365", "30"),
        "no series of a year of snapshots of all models is at hand",
    ),
    ("rank by new trending models", "maker"): OtherDate(RANK_OF_USERS),
    ("share_of_new_trending_models above", "country of origin"): OtherDate(
        "SELECT 100 * recent_share FROM aggregate_trending_by_geography"
        " WHERE first = 1000 AND attribution = 'origin' AND level = 'country' AND place = $1"
    ),
    ("new repositories", "entity in {within}"): OtherDate(NEW.replace("{sum}", "coalesce(sum(new), 0)")),
    ("new repositories above", "entity in {within}"): OtherDate(NEW.replace("{sum}", "sum(new)")),
    ("growth_factor at least", "entity in {within}"): OtherDate(NEW.replace("{sum}", "sum(new) / sum(new_before)")),
    ("growth_factor at most", "entity in {within}"): OtherDate(NEW.replace("{sum}", "sum(new) / sum(new_before)")),
    ("rank by repositories", "large technology company"): OtherDate(RANK_BY_REPOSITORIES),
    ("trending models", "country in February 2026"): OtherDate(
        "SELECT models FROM aggregate_trending_by_geography"
        " WHERE first = 100 AND attribution = 'publisher' AND level = 'country' AND place = $1"
    ),
    ("share_of_top_papers above", "country"): OtherDate("""
        SELECT 100 * avg(CAST(country IN ('US', 'CN') AND entity_type <> 'individual' AS INT)) FROM aggregate_top_papers
        WHERE rank <= 100 AND $1 = 'US or CN'"""),
    ("share_of_top_papers_entities above", "country"): OtherDate("""
        SELECT 100 * avg(CAST(country = $1 AND entity_type = 'company' AS INT)) FROM aggregate_papers_by_entity
        WHERE universe = 'all' AND rank <= 10"""),
    ("derivatives_ratio above", "entity"): OtherDate(DERIVATIVES),
    ("derivatives above", "family"): OtherDate(
        "SELECT sum(derivatives) FROM aggregate_family_derivatives WHERE family = $1", "no snapshot of all models is at hand"
    ),
    ("tagged models above", "family"): OtherDate(
        "SELECT tagged_models FROM aggregate_families WHERE universe = 'all' AND period = 'last_30d' AND family = $1",
        "no snapshot of all models is at hand",
    ),
    ("weeks in demand about", "model"): OtherDate(
        "SELECT avg(days_to_peak + days_to_half) / 7 FROM aggregate_engagement WHERE NOT unfinished AND $1 = 'mean'",
        "no series of daily snapshots of all models is at hand",
    ),
    ("mean_parameters", "year"): OtherDate(OF_DOWNLOADED.format(column="weighted_mean_parameters"), END_OF_YEAR),
    ("median_parameters", "year"): OtherDate(OF_DOWNLOADED.format(column="weighted_median_parameters"), END_OF_YEAR),
    ("cost_factor at least", "flagship over open model"): NotMetadata("what it costs to use a model"),
    ("cost_factor at most", "flagship over open model"): NotMetadata("what it costs to use a model"),
    ("datasets", "task in {within}"): OtherDate(DATASETS.replace("{column}", "datasets")),
    ("datasets about", "task in {within}"): OtherDate(DATASETS.replace("{column}", "datasets")),
    ("rank by datasets", "task in {within}"): OtherDate(DATASETS.replace("{column}", "rank")),
    ("trajectories above", "dataset"): NotMetadata("what is in the files of a dataset"),
    ("tasks", "dataset"): NotMetadata("what is in the files of a dataset"),
    ("growth_factor about", "stars on GitHub"): NotMetadata("stars on GitHub"),
}

"""The fifty entities with the most downloads, of 1 October 2025: `2025-10.csv`.

The study's data are not at hand, and a generated sample stands in for them: whoever changes the generator, the reference
tables or a definition sees here whether the tables still tell the story of the study. The figures are percentages of the
downloads of all time of the 50 entities, unless the measure says of what.
"""

from studies import Asked, Figure, Follows, Limits, NotMetadata, OtherDate, Otherwise, give_or_take, printed, within_factor

FILE = "2025-10"

SAMPLE = "generated"

# Percentage points by which a sample of 20,000 models may miss a printed figure.
TOLERANCE = 1.5
# The study counts one large company outside China for Asia without naming its country, which the reference table
# leaves open; and four individuals of North America of whom it does not say who lives in which country.
WIDER = {
    ("downloads_share", "continent", "Asia"): 2.5,
    ("downloads_share", "continent", "North America"): 3.5,
    ("downloads_share", "country", "US"): 3.5,
}

# Those of a part of the fifty, of which the sample has fewer models.
WITHIN = {
    "downloads_share_of_entity_type": 4.0,
    "downloads_share_of_language_stated": 2.0,
}


def of_sample(figure: Figure) -> tuple[float, float]:
    """Percentages within a tolerance, numbers of entities as they are."""
    if figure.unit != "percent":
        return figure.value, figure.value
    usual = WITHIN.get(figure.measure, TOLERANCE)
    tolerance = WIDER.get((figure.measure, figure.dimension, figure.value_name), usual)
    return figure.value - tolerance, figure.value + tolerance


GEOGRAPHY = """SELECT 100 * downloads_share FROM aggregate_geography
               WHERE universe = 'top50' AND period = 'all_time' AND attribution = 'publisher'
                 AND level = '{dimension}' AND place = $1"""
BREAKDOWN = """SELECT 100 * downloads_share FROM aggregate_{table}
               WHERE universe = 'top50' AND period = 'all_time' AND {dimension} = $1"""
CELLS = """SELECT 100 * sum(downloads) FILTER (CAST({dimension} AS VARCHAR) = $1) / sum(downloads) FROM aggregate_cells
           WHERE universe = 'top50' AND period = 'all_time'"""
TOTALS = """SELECT {column} FROM aggregate_hub_totals
            WHERE kind = 'models' AND universe = '{universe}' AND period = 'all_time'"""

BY_TYPE = """SELECT 100 * share_of_type FROM aggregate_entity_types_by_geography
             WHERE universe = 'top50' AND period = 'all_time' AND level = '{level}' AND entity_type = '{within}' AND place = $1"""
PLACES = """SELECT entities FROM aggregate_geography
            WHERE universe = 'top50' AND period = 'all_time' AND attribution = 'publisher'
              AND level = '{level}' AND place = $1"""
IN_CLASS = """
        SELECT 100 * sum(downloads_all_time) FILTER ({column} = $1) / sum(downloads_all_time) FROM enrich_models
        WHERE entity IN (SELECT entity FROM aggregate_entities WHERE universe = 'top50' AND period = 'all_time')
          AND CASE '{within}' WHEN '≥1B' THEN parameters >= 1000000000 ELSE size_class = '{within}' END
          -- the study has the sizes of those models that state them
          AND parameters_source NOT IN ('base', 'name')"""
LANGUAGE = """SELECT 100 * {column} FROM aggregate_languages
              WHERE universe = 'top50' AND period = 'all_time' AND language = {value}"""

# How each kind of figure is read from the tables of the sample.
OF_SAMPLE = {
    ("downloads_share", "country"): GEOGRAPHY.format(dimension="country"),
    ("downloads_share", "continent"): GEOGRAPHY.format(dimension="continent"),
    ("downloads_share", "eu"): GEOGRAPHY.format(dimension="eu"),
    ("downloads_share", "entity_type"): BREAKDOWN.format(
        table="entity_types", dimension="attribution = 'publisher' AND entity_type"
    ),
    ("downloads_share", "modality"): BREAKDOWN.format(table="modalities", dimension="modality"),
    ("downloads_share", "task"): BREAKDOWN.format(table="tasks", dimension="task"),
    ("downloads_share", "architecture"): CELLS.format(dimension="architecture"),
    ("downloads_share", "language_applies"): CELLS.format(dimension="language_applies"),
    ("downloads_share", "size known"): """
        SELECT 100 * known_downloads / sum(downloads) FROM aggregate_sizes
        WHERE universe = 'top50' AND period = 'all_time' AND scheme = 'fine' AND $1 = 'true' GROUP BY known_downloads""",
    ("downloads_share_of_hub", "universe"): TOTALS.format(column="100 * top50_entities_share", universe="all")
    + " AND $1 = 'top50'",
    ("models_share_of_hub", "universe"): TOTALS.format(column="100 * models_share", universe="top50")
    + " AND $1 = 'top50'",
    ("cumulative_share_of_known_downloads", "parameters below"): """
        SELECT 100 * cumulative_share FROM aggregate_sizes
        WHERE universe = 'top50' AND period = 'all_time' AND scheme = 'coarse'
          AND size_class = CASE $1 WHEN '100000000' THEN '<100M' WHEN '200000000' THEN '100–200M'
                                   WHEN '500000000' THEN '200–500M' WHEN '1000000000' THEN '500M–1B' END""",
    **{("downloads_share_of_size_class", f"{column} in {{within}}"): IN_CLASS.replace("{column}", column)
       for column in ("entity", "country", "continent")},
    **{("downloads_share_of_entity_type", f"{level} in {{within}}"): BY_TYPE.replace("{level}", level)
       for level in ("country", "continent", "eu")},
    **{("entities", level): PLACES.format(level=level) for level in ("country", "continent")},
    ("entities", "entity_type"): """
        SELECT entities FROM aggregate_entity_types
        WHERE universe = 'top50' AND period = 'all_time' AND attribution = 'publisher' AND entity_type = $1""",
    ("downloads_share_of_language_applies", "language"): LANGUAGE.format(column="share_of_applicable", value="$1"),
    ("downloads_share_of_language_stated", "language"): LANGUAGE.format(column="share_of_stated", value="$1"),
    ("downloads_share_of_language_applies", "language stated"):
        LANGUAGE.format(column="share_of_applicable", value="CASE $1 WHEN 'none' THEN 'unknown' END"),
    ("share_of_country", "entity in {within}"): """
        SELECT 100 * sum(downloads) FILTER (entity = $1) / sum(downloads) FROM aggregate_entities
        WHERE universe = 'top50' AND period = 'all_time' AND country = '{within}'""",
    ("share_of_entity", "account"): """
        SELECT 100 * share_of_entity FROM aggregate_accounts
        WHERE universe = 'top50' AND period = 'all_time' AND account = $1""",
}

ARCHITECTURES = """SELECT 100 * sum({column}) FROM aggregate_architectures
                   WHERE universe = 'top50' AND period = 'all_time'
                     AND CASE $1 WHEN 'text encoders' THEN architecture LIKE 'text encoder,%' ELSE architecture = $1 END"""
RANK_AMONG = """
    SELECT rank FROM (
        SELECT entity, row_number() OVER (ORDER BY downloads DESC) AS rank FROM aggregate_entities
        WHERE universe = 'top50' AND period = 'all_time' AND '{within}' IN (entity_type, country))
    WHERE entity = $1"""
MOST_MODALITIES = """
    SELECT rank FROM (
        SELECT entity, rank() OVER (ORDER BY modalities_above_5_percent DESC) AS rank FROM aggregate_entity_profiles
        WHERE universe = 'top50' AND period = 'all_time')
    WHERE entity = $1"""
FAMILY = """
    SELECT 100 * sum(share_of_entity) FROM aggregate_families_by_entity
    WHERE universe = 'top50' AND period = 'all_time' AND entity = '{within}' AND family LIKE '%' || $1"""
# Of as many downloads as the study has.
SMALL_IN = """SELECT 36450707797 * downloads_share FROM aggregate_sizes_by_geography
              WHERE universe = 'top50' AND period = 'all_time' AND level = 'country' AND place = $1
                AND scheme = 'coarse' AND size_class = '{within}'"""
MODALITY_IN = """SELECT 36450707797 * coalesce(sum(downloads_share), 0) FROM aggregate_modalities_by_geography
                 WHERE universe = 'top50' AND period = 'all_time' AND level = 'country' AND place = $1
                   AND modality = '{within}'"""


def points_of_all(points: float) -> Limits:
    """Percentage points of the downloads of the fifty."""
    return give_or_take(points / 100 * 36_450_707_797)


def product(measure: str, dimension: str) -> Follows:
    """The downloads of the fifty times a share of them, which is printed with two decimals."""

    def value() -> float:
        return printed(FILE, "downloads", "universe", "top50") * printed(FILE, measure, dimension, "true") / 100

    return Follows(value, points_of_all(0.005))


ANSWERS = {
    **{key: Asked(query, SAMPLE, of_sample) for key, query in OF_SAMPLE.items()},
    ("rank by downloads", "entity"): Asked(
        "SELECT rank FROM aggregate_entities WHERE universe = 'top50' AND period = 'all_time' AND entity = $1", SAMPLE
    ),
    ("rank by downloads", "account"): Asked(
        "SELECT rank FROM aggregate_accounts WHERE universe = 'all' AND period = 'all_time' AND account = $1", SAMPLE
    ),
    ("rank by downloads", "entity in {within}"): Asked(RANK_AMONG, SAMPLE),
    ("rank by modalities", "entity"): Asked(MOST_MODALITIES, SAMPLE),
    ("downloads_share above", "architecture"): Asked(ARCHITECTURES.format(column="downloads_share"), SAMPLE),
    # Percentages of the 58.1% that are NLP.
    ("downloads_share_of_nlp", "architecture"): Asked(
        ARCHITECTURES.format(column="share_of_nlp"), SAMPLE, give_or_take(TOLERANCE / 0.581)
    ),
    ("share_of_entity", "family in {within}"): Asked(FAMILY, SAMPLE, of_sample),
    # A small number; of the Chinese models the sample may have one percent and a half more or less.
    ("downloads", "country in <100M"): Asked(SMALL_IN, SAMPLE, within_factor(1.015)),
    ("downloads", "country in <100M", "US"): Asked(
        SMALL_IN, SAMPLE, points_of_all(WIDER["downloads_share", "country", "US"])
    ),
    ("downloads about", "country in computer vision"): Asked(MODALITY_IN, SAMPLE, points_of_all(TOLERANCE)),
    ("downloads", "country in audio"): Asked(MODALITY_IN, SAMPLE),
    # What other figures give.
    ("downloads", "language_applies"): product("downloads_share", "language_applies"),
    ("downloads", "size known"): product("downloads_share", "size known"),
    # One sum over two denominators; printed with one decimal.
    ("downloads_share", "universe"): Follows(
        lambda: 100
        * printed(FILE, "downloads_share_of_hub", "universe", "top 1,000 models")
        / printed(FILE, "downloads_share_of_hub", "universe", "top50"),
        give_or_take(0.05),
    ),
    ("share_of_entity above", "accounts"): Follows(
        lambda: sum(printed(FILE, "share_of_entity", "account", one) for one in ("google-bert", "google-t5", "albert")),
        give_or_take(0.15),
    ),
}

OF_ANOTHER_SCALE = "numbers of models and values, and a thousand models' part, are others in a sample of 20,000"
ONE_MODEL = "the sample invents its models and has none of that name"
INVENTED = "the sample invents its dates and followers"
OPEN = Otherwise("the country of four individuals, which no document gives, is left open")

OF_HUB = "SELECT {column} FROM aggregate_hub_totals WHERE kind = 'models' AND universe = $1 AND period = 'all_time'"
LANGUAGE_VALUES = """SELECT count({count}) FROM aggregate_language_values
                     WHERE universe = 'top50' AND period = 'all_time' AND {condition} AND $1 = 'all'"""
LAST_YEAR = """SELECT year(last_created) FROM aggregate_entity_profiles
               WHERE universe = 'top50' AND period = 'all_time' AND entity = $1"""
SHARE_OF_ENTITY = """
    SELECT 100 * sum(downloads_all_time) FILTER (id = $1) / sum(downloads_all_time) FROM enrich_models
    WHERE entity = (SELECT entity FROM enrich_models WHERE id = $1)"""
TOP_MODEL = "SELECT rank FROM aggregate_top_models WHERE ranking = 'downloads_all_time' AND id = $1"
# Large, or it would be GPT-2.
LARGE = """
    SELECT rank FROM (
        SELECT id, row_number() OVER (ORDER BY downloads_all_time DESC) AS rank FROM enrich_models
        WHERE task = 'text-generation' AND parameters >= 1000000000)
    WHERE id = $1"""
FOLLOWERS = "SELECT followers FROM aggregate_account_facts WHERE account = $1"

UNANSWERED = {
    ("downloads", "universe"): OtherDate(OF_HUB.format(column="downloads"), OF_ANOTHER_SCALE),
    ("models", "universe"): OtherDate(OF_HUB.format(column="models"), OF_ANOTHER_SCALE),
    ("models", "size known"): OtherDate(
        """SELECT max(known_models) FROM aggregate_sizes
           WHERE universe = 'top50' AND period = 'all_time' AND scheme = 'fine' AND $1 = 'true'""",
        OF_ANOTHER_SCALE,
    ),
    ("languages", "language"): OtherDate(
        LANGUAGE_VALUES.format(count="DISTINCT language", condition="is_code"), OF_ANOTHER_SCALE
    ),
    ("values that are no code", "language"): OtherDate(
        LANGUAGE_VALUES.format(count="*", condition="NOT is_code"), OF_ANOTHER_SCALE
    ),
    ("downloads_share_of_hub", "universe", "top 1,000 models"): OtherDate(
        """SELECT 100 * top1000_models_share_of_all FROM aggregate_hub_totals
           WHERE kind = 'models' AND universe = 'top50' AND period = 'all_time' AND $1 = 'top 1,000 models'""",
        OF_ANOTHER_SCALE,
    ),
    ("downloads_share_of_hub", "size known"): OtherDate(
        """SELECT 100 * known_downloads / sum(downloads) FROM aggregate_sizes
           WHERE universe = 'all' AND period = 'all_time' AND scheme = 'fine' AND $1 = 'true' GROUP BY known_downloads""",
        "the sample knows the sizes of more models outside the fifty than the study does",
    ),
    ("share_of_entity", "model"): OtherDate(SHARE_OF_ENTITY, ONE_MODEL),
    ("share_of_entity about", "model"): OtherDate(SHARE_OF_ENTITY, ONE_MODEL),
    ("rank by downloads", "model"): OtherDate(TOP_MODEL, ONE_MODEL),
    ("rank by downloads", "large language model"): OtherDate(LARGE, ONE_MODEL),
    ("parameters", "model"): OtherDate("SELECT parameters FROM enrich_models WHERE id = $1", ONE_MODEL),
    ("followers", "account"): OtherDate(FOLLOWERS, INVENTED),
    ("followers about", "account"): OtherDate(FOLLOWERS, INVENTED),
    ("last year of new models", "entity"): OtherDate(LAST_YEAR, INVENTED),
    ("last year of new models at least", "entity"): OtherDate(LAST_YEAR, INVENTED),
    ("last year of new models", "entity", "Emily Alsentzer"): NotMetadata(
        "when a model was made before March 2022: the Hub's dates of creation begin then"
    ),
    ("downloads_share_of_entity_type", "country in individual", "US"): OPEN,
    ("downloads_share_of_entity_type", "continent in individual", "North America"): OPEN,
    ("downloads_share_of_size_class", "country in ≥1B", "US"): OPEN,
    ("entities", "country", "US"): OPEN,
    ("entities", "continent", "North America"): OPEN,
    ("entities", "continent", "unknown"): OPEN,
    ("entities", "continent", "Asia"): Otherwise(
        "one large company outside China is counted for Asia without its country being named"
    ),
    ("entities", "eu"): Otherwise(
        "13 are those of Germany and France; two more have their seat in Finland and Spain"
    ),
    ("entities", "entity_type", "company"): Otherwise(
        "the study's counts of kinds add up to 51: it counts one company twice"
    ),
    ("entities of the summary", "continent"): Otherwise("its own count of the continent is 20"),
    ("downloads", "continent in <100M"): Otherwise("the sample has more European models of this class than the study"),
}

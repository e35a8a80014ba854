-- Datasets, spaces and papers with all that is asked of them. Needs models.sql.
CREATE OR REPLACE MACRO after(tags, prefix) AS
    list_sort(list_distinct([lower(trim(t[length(prefix) + 1:])) for t in coalesce(tags, [])
                             if starts_with(t, prefix) and trim(t[length(prefix) + 1:]) <> '']));
CREATE OR REPLACE MACRO first_license(tags) AS
    lower(trim(list_filter(coalesce(tags, []), lambda t: starts_with(t, 'license:'))[1][9:]));
CREATE OR REPLACE MACRO license_of(tags, stated) AS
    CASE WHEN first_license(tags) IS NOT NULL AND first_license(tags) NOT IN ('', 'other') THEN first_license(tags)
         ELSE coalesce(nullif(lower(trim(stated)), ''), nullif(first_license(tags), ''), 'unknown') END;

CREATE OR REPLACE TABLE dataset_languages AS
WITH said AS (
    SELECT id, 'card' AS origin, unnest(languages) AS value FROM owned_datasets
    UNION ALL
    SELECT id, 'tag', unnest([t[10:] for t in tags if starts_with(t, 'language:')]) FROM owned_datasets
    WHERE coalesce(len(languages), 0) = 0)
SELECT DISTINCT id, trim(value) AS value, coalesce(whole.language, part.language) AS language, origin
FROM said
LEFT JOIN languages AS whole ON whole.code = lower(trim(value))
LEFT JOIN languages AS part ON part.code = regexp_extract(
    lower(trim(value)), '^([a-z]{2,3})([-_][a-z]{4})?([-_]([a-z]{2}|[0-9]{3}))?([-_]([a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*$', 1)
WHERE trim(value) <> '';

CREATE OR REPLACE TABLE datasets AS
SELECT d.id, d.account, a.entity, a.entity_type, a.country, a.continent, a.eu_group, d.created_at, d.last_modified,
       d.downloads_30d, d.downloads_all_time, d.likes, d.trending_score,
       list_filter(after(d.tags, 'task_categories:'), lambda t: t <> 'unknown') AS task_categories, after(d.tags, 'modality:') AS modalities,
       after(d.tags, 'format:') AS formats, after(d.tags, 'size_categories:') AS size_categories,
       (SELECT coalesce(list(DISTINCT language ORDER BY language) FILTER (language IS NOT NULL), [])
        FROM dataset_languages AS l WHERE l.id = d.id) AS languages,
       license_of(d.tags, d.license) AS license
FROM owned_datasets AS d JOIN accounts_normalized AS a USING (account);

CREATE OR REPLACE TABLE spaces AS
SELECT s.id, s.account, a.entity, a.entity_type, a.country, s.created_at, s.likes, s.trending_score,
       coalesce(nullif(lower(trim(s.sdk)), ''), 'unknown') AS sdk,
       list_sort(list_distinct(coalesce(s.models, []))) AS models,
       list_sort(list_distinct(coalesce(s.datasets, []))) AS datasets
FROM owned_spaces AS s JOIN accounts_normalized AS a USING (account);

CREATE OR REPLACE TABLE papers AS
SELECT p.id, nullif(trim(p.title), '') AS title, p.account, coalesce(a.entity, 'unknown') AS entity,
       coalesce(a.entity_type, 'unknown') AS entity_type, coalesce(a.country, 'unknown') AS country,
       nullif(trim(p.submitter), '') AS submitter, p.published_at, p.submitted_at, p.upvotes, p.comments
FROM owned_papers AS p LEFT JOIN accounts_normalized AS a ON a.account = p.account;

-- What was made when, of the kinds of which some date is known.
CREATE OR REPLACE TABLE made_of_all_kinds AS
SELECT * FROM (
    SELECT 'models' AS kind, entity, entity_type, country, created_at FROM models
    UNION ALL SELECT 'datasets', entity, entity_type, country, created_at FROM datasets
    UNION ALL SELECT 'spaces', entity, entity_type, country, created_at FROM spaces
    UNION ALL SELECT 'papers', entity, entity_type, country, published_at FROM papers)
QUALIFY count(created_at) OVER (PARTITION BY kind) > 0;

CREATE OR REPLACE TABLE kind_extents AS
SELECT kind, count(*) AS rows, CAST(sum(all_time) AS BIGINT) AS downloads_all_time,
       CAST(sum(last_30d) AS BIGINT) AS downloads_30d, CAST(sum(likes) AS BIGINT) AS likes
FROM (SELECT 'models' AS kind, downloads_all_time AS all_time, downloads_30d AS last_30d, likes FROM models
      UNION ALL SELECT 'datasets', downloads_all_time, downloads_30d, likes FROM datasets
      UNION ALL SELECT 'spaces', NULL, NULL, likes FROM spaces
      UNION ALL SELECT 'papers', NULL, NULL, upvotes FROM papers)
GROUP BY kind;

-- Datasets by universe and period, as models are counted.
CREATE OR REPLACE TABLE counted_datasets AS
WITH periods AS (
    SELECT 'all_time' AS period, *, downloads_all_time AS downloads FROM datasets
    UNION ALL SELECT 'last_30d', *, downloads_30d FROM datasets),
present AS (SELECT * FROM periods QUALIFY count(downloads) OVER (PARTITION BY period) > 0),
first AS (
    SELECT period, entity FROM present GROUP BY period, entity
    QUALIFY row_number() OVER (PARTITION BY period ORDER BY sum(downloads) DESC NULLS LAST, entity) <= 50)
SELECT 'all' AS universe, * FROM present
UNION ALL SELECT 'top50', present.* FROM present JOIN first USING (period, entity);

CREATE OR REPLACE TABLE datasets_in_total AS
WITH placed AS (
    SELECT *, row_number() OVER (PARTITION BY universe, period ORDER BY downloads DESC NULLS LAST) AS place
    FROM counted_datasets),
largest AS (
    SELECT universe, period, sum(downloads) AS downloads FROM (
        SELECT universe, period, entity, sum(downloads) AS downloads FROM counted_datasets GROUP BY universe, period, entity
        QUALIFY row_number() OVER (PARTITION BY universe, period ORDER BY sum(downloads) DESC NULLS LAST) <= 50)
    GROUP BY universe, period),
totals AS (
    SELECT universe, period, count(*) AS models, count(DISTINCT account) AS accounts, count(DISTINCT entity) AS entities,
           CAST(sum(downloads) AS BIGINT) AS downloads, CAST(sum(likes) AS BIGINT) AS likes, count(downloads) AS counted,
           CAST(quantile_cont(downloads, 0.5) AS DOUBLE) AS median_downloads,
           count(*) FILTER (downloads = 0) AS without, count(*) FILTER (downloads < 200) AS under_200,
           sum(downloads) FILTER (place <= 1000) AS of_1000
    FROM placed GROUP BY universe, period)
SELECT 'datasets' AS kind, t.universe, t.period, t.models, t.accounts, t.entities, t.downloads, t.likes,
       share(t.models, whole.models) AS models_share, share(t.downloads, whole.downloads) AS downloads_share,
       t.models - t.counted AS uncounted_models, t.downloads / t.counted AS mean_downloads, t.median_downloads,
       share(t.without, t.counted) AS share_without_downloads, share(t.under_200, t.counted) AS share_under_200_downloads,
       share(largest.downloads, t.downloads) AS top50_entities_share, share(t.of_1000, t.downloads) AS top1000_models_share,
       share(t.of_1000, whole.downloads) AS top1000_models_share_of_all
FROM totals AS t JOIN largest USING (universe, period)
JOIN totals AS whole ON whole.universe = 'all' AND whole.period = t.period;

WITH known AS (
    SELECT counted.*, coalesce(family, 'unknown') AS of_family, maker, coalesce(entity = maker, false) AS by_maker
    FROM counted LEFT JOIN model_families USING (id)),
bearers AS (
    SELECT universe, period, family AS of_family, count(DISTINCT id) AS tagged_models
    FROM counted JOIN model_family_tags USING (id) GROUP BY universe, period, family),
sums AS (
    SELECT universe, period, of_family, coalesce(any_value(maker), 'unknown') AS maker,
           count(*) AS models, sum(downloads) AS downloads,
           count(*) FILTER (by_maker) AS models_by_maker, sum(downloads) FILTER (by_maker) AS downloads_by_maker,
           count(*) FILTER (NOT by_maker) AS models_by_others, sum(downloads) FILTER (NOT by_maker) AS downloads_by_others,
           count(*) FILTER (relation = 'original') AS originals, count(*) FILTER (relation = 'finetune') AS finetunes,
           count(*) FILTER (relation = 'adapter') AS adapters, count(*) FILTER (relation = 'quantized') AS quantized,
           count(*) FILTER (relation = 'merge') AS merges, count(*) FILTER (relation = 'unknown') AS unstated,
           count(parameters) AS sized_models, CAST(quantile_cont(parameters, 0.5) AS DOUBLE) AS median_parameters,
           count(*) FILTER (parameters < 100e6) AS models_under_100m,
           count(*) FILTER (parameters >= 100e6 AND parameters < 200e6) AS models_100m_to_200m,
           count(*) FILTER (parameters >= 200e6 AND parameters < 500e6) AS models_200m_to_500m,
           count(*) FILTER (parameters >= 500e6 AND parameters < 1e9) AS models_500m_to_1b,
           count(*) FILTER (parameters >= 1e9) AS models_from_1b,
           sum(downloads) FILTER (parameters < 100e6) AS downloads_under_100m,
           sum(downloads) FILTER (parameters >= 100e6 AND parameters < 200e6) AS downloads_100m_to_200m,
           sum(downloads) FILTER (parameters >= 200e6 AND parameters < 500e6) AS downloads_200m_to_500m,
           sum(downloads) FILTER (parameters >= 500e6 AND parameters < 1e9) AS downloads_500m_to_1b,
           sum(downloads) FILTER (parameters >= 1e9) AS downloads_from_1b
    FROM known GROUP BY universe, period, of_family)
SELECT universe, period, of_family AS family,
       row_number() OVER (PARTITION BY universe, period ORDER BY downloads DESC, of_family) AS rank,
       maker, models, CAST(downloads AS BIGINT) AS downloads, share(downloads, all_downloads) AS downloads_share,
       models_by_maker, CAST(downloads_by_maker AS BIGINT) AS downloads_by_maker,
       models_by_others, CAST(downloads_by_others AS BIGINT) AS downloads_by_others,
       CASE WHEN say THEN originals END AS originals, CASE WHEN say THEN finetunes END AS finetunes,
       CASE WHEN say THEN adapters END AS adapters, CASE WHEN say THEN quantized END AS quantized,
       CASE WHEN say THEN merges END AS merges, CASE WHEN say THEN unstated END AS unstated,
       sized_models, median_parameters,
       models_under_100m, models_100m_to_200m, models_200m_to_500m, models_500m_to_1b, models_from_1b,
       CAST(downloads_under_100m AS BIGINT) AS downloads_under_100m,
       CAST(downloads_100m_to_200m AS BIGINT) AS downloads_100m_to_200m,
       CAST(downloads_200m_to_500m AS BIGINT) AS downloads_200m_to_500m,
       CAST(downloads_500m_to_1b AS BIGINT) AS downloads_500m_to_1b,
       CAST(downloads_from_1b AS BIGINT) AS downloads_from_1b,
       CASE WHEN of_family <> 'unknown' THEN coalesce(tagged_models, 0) END AS tagged_models
FROM sums JOIN wholes USING (universe, period) LEFT JOIN bearers USING (universe, period, of_family)
CROSS JOIN (SELECT count(base_model) > 0 AS say FROM models)
ORDER BY universe, period, rank;

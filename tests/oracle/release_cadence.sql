WITH dated AS (
    SELECT *, coalesce(CAST(created_at AS DATE) > getvariable('snapshot_date') - INTERVAL 365 DAY
                       AND CAST(created_at AS DATE) <= getvariable('snapshot_date'), false) AS recent
    FROM counted WHERE (SELECT count(created_at) FROM models) > 0),
spaced AS (
    SELECT *, CASE WHEN recent THEN epoch_us(created_at) - lag(epoch_us(created_at)) OVER (
                  PARTITION BY universe, period, entity, recent ORDER BY created_at) END AS apart
    FROM dated),
sums AS (
    SELECT universe, period, entity, any_value(entity_type) AS entity_type, any_value(country) AS country,
           count(*) AS models, CAST(sum(downloads) AS BIGINT) AS downloads, count(*) FILTER (recent) AS recent_models,
           quantile_cont(apart, 0.5) / 86_400_000_000 AS median_days_between,
           CAST(max(created_at) FILTER (recent) AS DATE) AS last_created,
           known(recent_models, sum(downloads) FILTER (recent)) AS recent_downloads
    FROM spaced GROUP BY universe, period, entity)
SELECT universe, period, row_number() OVER (PARTITION BY universe, period ORDER BY downloads DESC, entity) AS rank,
       entity, entity_type, country, models, downloads, share(downloads, all_downloads) AS downloads_share,
       recent_models,
       row_number() OVER (PARTITION BY universe, period ORDER BY recent_models DESC, entity) AS rank_by_recent_models,
       median_days_between, last_created, recent_downloads, share(recent_downloads, downloads) AS recent_share
FROM sums JOIN wholes USING (universe, period)
ORDER BY universe, period, rank;

WITH wide AS (
    SELECT period, entity, CAST(sum(downloads) AS BIGINT) AS downloads FROM counted WHERE universe = 'top50'
    GROUP BY period, entity),
placed AS (
    SELECT counted.*, wide.downloads AS whole,
           row_number() OVER (PARTITION BY counted.period, entity ORDER BY counted.downloads DESC, id) AS place
    FROM counted JOIN wide USING (period, entity) WHERE universe = 'top50'),
lists AS (
    SELECT period, entity, any_value(entity_type) AS entity_type, any_value(country) AS country, any_value(whole) AS downloads,
           count(*) AS models, count(downloads) AS counted_models,
           list(downloads ORDER BY place) FILTER (downloads IS NOT NULL) AS list,
           sum(pow(CAST(downloads AS DOUBLE) / whole, 2)) FILTER (whole > 0) AS hhi,
           arg_min(id, place) FILTER (downloads IS NOT NULL) AS top_model
    FROM placed GROUP BY period, entity)
SELECT 'top50' AS universe, period,
       row_number() OVER (PARTITION BY period ORDER BY downloads DESC, entity) AS rank, entity, entity_type, country,
       models, counted_models, downloads, share(downloads, all_downloads) AS downloads_share, hhi,
       CASE WHEN downloads > 0
            THEN list_filter(range(1, len(list) + 1), lambda n: 2 * list_sum(list[1:n]) >= downloads)[1] END
           AS models_for_half,
       top_model, list[1] AS top_model_downloads, share(list[1], downloads) AS top_model_share,
       share(list_sum(list[1:10]), downloads) AS top10_share
FROM lists JOIN wholes USING (period) WHERE wholes.universe = 'top50'
ORDER BY period, rank;

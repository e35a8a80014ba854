WITH by_model AS (
    SELECT *, row_number() OVER (PARTITION BY universe, period ORDER BY downloads DESC) AS place FROM counted),
by_entity AS (
    SELECT universe, period, entity, sum(downloads) AS downloads,
           row_number() OVER (PARTITION BY universe, period ORDER BY sum(downloads) DESC) AS place
    FROM counted GROUP BY universe, period, entity),
totals AS (
    SELECT universe, period, count(*) AS models, count(DISTINCT account) AS accounts,
           count(DISTINCT entity) AS entities,
           CAST(sum(downloads) AS BIGINT) AS downloads, CAST(sum(likes) AS BIGINT) AS likes,
           quantile_cont(downloads, 0.5) AS median_downloads,
           count(*) FILTER (downloads = 0) AS without, count(*) FILTER (downloads < 200) AS under_200,
           count(downloads) AS counted, coalesce(sum(downloads) FILTER (place <= 1000), 0) AS of_1000
    FROM by_model GROUP BY universe, period)
SELECT 'models' AS kind, universe, period, models, accounts, entities, downloads, likes,
       share(models, hub.all_models) AS models_share, share(downloads, hub.all_downloads) AS downloads_share,
       models - counted AS uncounted_models, downloads / counted AS mean_downloads, CAST(median_downloads AS DOUBLE) AS median_downloads,
       share(without, counted) AS share_without_downloads, share(under_200, counted) AS share_under_200_downloads,
       share((SELECT sum(e.downloads) FROM by_entity AS e
              WHERE e.universe = totals.universe AND e.period = totals.period AND e.place <= 50), downloads)
           AS top50_entities_share,
       share(of_1000, downloads) AS top1000_models_share,
       share(of_1000, hub.all_downloads) AS top1000_models_share_of_all, listing.source, listing.coverage
FROM totals CROSS JOIN listing JOIN (SELECT * EXCLUDE universe FROM wholes WHERE universe = 'all') AS hub USING (period)
UNION ALL SELECT datasets_in_total.*, listing.source, listing.coverage FROM datasets_in_total CROSS JOIN listing
UNION ALL
-- Of these the Hub counts no downloads.
SELECT kind, 'all', 'none', count(*), count(DISTINCT account), count(DISTINCT entity), NULL, CAST(sum(likes) AS BIGINT), 1.0,
       NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, any_value(listing.source), any_value(listing.coverage)
FROM (SELECT 'spaces' AS kind, account, entity, likes FROM spaces
      UNION ALL SELECT 'papers', account, entity, upvotes FROM papers) CROSS JOIN listing
GROUP BY kind
ORDER BY kind, universe, period;

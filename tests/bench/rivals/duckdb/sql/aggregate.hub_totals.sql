WITH steps AS (
    SELECT *, sum(models) OVER up - models AS below, sum(models) OVER (PARTITION BY universe, period) AS all_models,
           sum(models) OVER (PARTITION BY universe, period ORDER BY downloads DESC) - models AS above
    FROM download_counts WINDOW up AS (PARTITION BY universe, period ORDER BY downloads)),
spread AS (
    SELECT universe, period,
           -- the two in the middle, or the same one twice
           (max(downloads) FILTER (below <= (all_models - 1) // 2)
            + max(downloads) FILTER (below <= all_models // 2)) / 2.0 AS median_downloads,
           coalesce(sum(models) FILTER (downloads = 0), 0) AS without,
           coalesce(sum(models) FILTER (downloads < 200), 0) AS under_200,
           coalesce(sum(downloads * least(models, 1000 - above)) FILTER (above < 1000), 0) AS of_1000
    FROM steps GROUP BY universe, period),
totals AS (
    SELECT universe, period, CAST(sum(models) AS BIGINT) AS models, CAST(sum(accounts) AS BIGINT) AS accounts,
           count(*) AS entities, CAST(sum(downloads) AS BIGINT) AS downloads, CAST(sum(likes) AS BIGINT) AS likes
    FROM entity_rows GROUP BY universe, period),
first AS (
    SELECT period, sum(downloads) AS downloads FROM entity_rows WHERE universe = 'top50' GROUP BY period)
SELECT 'models' AS kind, universe, period, models, accounts, entities, totals.downloads, likes,
       share(models, hub.all_models) AS models_share, share(totals.downloads, hub.all_downloads) AS downloads_share,
       -- every model of a generated snapshot has its counters
       CAST(0 AS BIGINT) AS uncounted_models, totals.downloads / models AS mean_downloads, CAST(median_downloads AS DOUBLE) AS median_downloads,
       share(without, models) AS share_without_downloads, share(under_200, models) AS share_under_200_downloads,
       share(first.downloads, totals.downloads) AS top50_entities_share,
       share(of_1000, totals.downloads) AS top1000_models_share,
       share(of_1000, hub.all_downloads) AS top1000_models_share_of_all, listing.source, listing.coverage
FROM totals CROSS JOIN listing JOIN spread USING (universe, period) JOIN first USING (period)
JOIN (SELECT * EXCLUDE (universe) FROM wholes WHERE universe = 'all') AS hub USING (period)
ORDER BY universe, period

-- In whole numbers up to the last division, so that small differences of large sums stay exact.
WITH units AS (
    SELECT universe, period, 'model' AS unit, downloads FROM counted
    UNION ALL SELECT universe, period, 'account', CAST(sum(downloads) AS BIGINT)
    FROM counted GROUP BY universe, period, account
    UNION ALL SELECT universe, period, 'entity', CAST(sum(downloads) AS BIGINT)
    FROM counted GROUP BY universe, period, entity),
either AS (   -- who is not counted is in neither
    SELECT *, true AS zeros_included FROM units WHERE downloads IS NOT NULL
    UNION ALL SELECT *, false FROM units WHERE downloads > 0),
placed AS (
    SELECT *, row_number() OVER (PARTITION BY universe, period, unit, zeros_included ORDER BY downloads DESC) AS place,
           count(*) OVER (PARTITION BY universe, period, unit, zeros_included) AS n
    FROM either),
sums AS (
    SELECT universe, period, unit, zeros_included, any_value(n) AS n, sum(downloads) AS total,
           sum(downloads) FILTER (place <= 1) AS top1, sum(downloads) FILTER (place <= 10) AS top10,
           sum(downloads) FILTER (place <= 50) AS top50, sum(downloads) FILTER (place <= 100) AS top100,
           sum(downloads) FILTER (place <= 200) AS top200, sum(downloads) FILTER (place <= 1000) AS top1000,
           sum(downloads) FILTER (place <= (n + 9999) // 10000) AS top_0_01_percent,
           sum(downloads) FILTER (place <= (n + 99) // 100) AS top_1_percent,
           -- over all pairs of units, how much more the one has than the other
           sum(CAST(downloads AS HUGEINT) * (n + 1 - 2 * place)) AS differences,
           sum(CAST(downloads AS HUGEINT) * downloads) AS squares,
           count(*) FILTER (downloads < 200) AS under_200, count(*) FILTER (downloads = 0) AS without
    FROM placed GROUP BY universe, period, unit, zeros_included)
SELECT universe, period, unit, zeros_included, n AS units, CAST(total AS BIGINT) AS downloads,
       share(top1, total) AS top1_share, share(top10, total) AS top10_share, share(top50, total) AS top50_share,
       share(top100, total) AS top100_share, share(top200, total) AS top200_share,
       share(top1000, total) AS top1000_share, share(top_0_01_percent, total) AS top_0_01_percent_share,
       share(top_1_percent, total) AS top_1_percent_share,
       share(differences, n * total) AS gini, share(squares, total * total) AS hhi,
       share(under_200, n) AS share_under_200_downloads, share(without, n) AS share_without_downloads
FROM sums
ORDER BY universe, period, unit, zeros_included;

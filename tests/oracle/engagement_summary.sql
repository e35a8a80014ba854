WITH grouped AS (
    SELECT unnest(['all', coalesce(CAST(year(created_at) AS VARCHAR), 'unknown')]) AS year,
           [size_class, 'all'] AS sizes, * EXCLUDE (size_class)
    FROM engagement),
classed AS (SELECT unnest(sizes) AS size_class, * EXCLUDE (sizes) FROM grouped),
measured AS (
    SELECT *, NOT unfinished AND NOT peak_may_be_earlier AND days_to_peak IS NOT NULL AS counts,
           days_to_peak + days_to_half AS days
    FROM classed)
SELECT year, size_class, count(*) AS models, count(*) FILTER (NOT measured.unfinished) AS finished,
       count(*) FILTER (measured.unfinished) AS unfinished,
       share(count(*) FILTER (measured.unfinished), count(*)) AS unfinished_share,
       count(*) FILTER (NOT measured.unfinished AND peak_may_be_earlier) AS early_peak_models,
       count(*) FILTER (NOT measured.unfinished AND NOT peak_may_be_earlier) AS peak_seen_models,
       CAST(median(days_to_half) FILTER (NOT measured.unfinished AND NOT peak_may_be_earlier) AS DOUBLE)
           AS median_days_to_half,
       count(*) FILTER (counts) AS measured_models,
       CAST(median(days_to_peak) FILTER (counts) AS DOUBLE) AS median_days_to_peak,
       CAST(median(days) FILTER (counts) AS DOUBLE) AS median_days_in_demand,
       avg(days) FILTER (counts) AS mean_days_in_demand
FROM measured GROUP BY year, size_class
ORDER BY year, size_class;

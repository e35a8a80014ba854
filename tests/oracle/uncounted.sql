WITH parted AS (
    SELECT universe, period, id, likes, downloads,
           CASE WHEN is_fixture THEN 'fixture' WHEN coalesce(likes, 0) = 0 OR downloads > 0 THEN 'other'
                WHEN downloads IS NULL THEN 'liked, no counter' ELSE 'liked, no download' END AS part
    FROM counted WHERE (SELECT count(likes) FROM models) > 0),
first AS (
    FROM parted QUALIFY row_number() OVER (
        PARTITION BY universe, period, part
        ORDER BY CASE WHEN starts_with(part, 'liked') THEN likes ELSE downloads END DESC, id) = 1),
sums AS (
    SELECT universe, period, part, count(*) AS models, CAST(sum(downloads) AS BIGINT) AS downloads,
           CAST(sum(likes) AS BIGINT) AS likes
    FROM parted GROUP BY universe, period, part),
liked AS (SELECT universe, period, CAST(sum(likes) AS BIGINT) AS all_likes FROM parted GROUP BY universe, period)
SELECT universe, period, part, coalesce(models, 0) AS models, share(coalesce(models, 0), all_models) AS models_share,
       known(coalesce(models, 0), sums.downloads) AS downloads,
       share(known(coalesce(models, 0), sums.downloads), all_downloads) AS downloads_share,
       known(coalesce(models, 0), sums.likes) AS likes,
       share(known(coalesce(models, 0), sums.likes), all_likes) AS likes_share,
       first.id AS top_model, first.likes AS top_model_likes, first.downloads AS top_model_downloads
FROM (FROM wholes JOIN liked USING (universe, period),
           (VALUES ('fixture'), ('liked, no counter'), ('liked, no download'), ('other')) AS named(part))
LEFT JOIN sums USING (universe, period, part) LEFT JOIN first USING (universe, period, part)
ORDER BY universe, period, part;

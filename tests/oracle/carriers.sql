WITH made AS (   -- one step up, whatever the snapshot has of the model there
    SELECT c.universe, c.period, c.entity AS publisher, base_models.entity AS maker, c.relation, c.downloads,
           c.size_class_coarse = '≥1B' AS is_large
    FROM counted AS c
    JOIN model_parents AS up ON up.id = c.id AND up.position = 1
    JOIN base_models ON base_models.base_model = up.base_model),
publishers AS (
    SELECT universe, period, publisher FROM made GROUP BY universe, period, publisher
    QUALIFY row_number() OVER (PARTITION BY universe, period ORDER BY sum(downloads) DESC, publisher)
            <= getvariable('named')),
carried_for AS (
    SELECT universe, period, maker FROM made WHERE maker <> publisher GROUP BY universe, period, maker
    QUALIFY row_number() OVER (PARTITION BY universe, period ORDER BY sum(downloads) DESC, maker)
            <= getvariable('named')),
sized AS (
    SELECT *, 'all' AS size_class FROM made UNION ALL SELECT *, '≥1B' FROM made WHERE is_large),
labelled AS (
    SELECT sized.*,
           CASE WHEN (universe, period, publisher) IN (FROM publishers) THEN publisher ELSE 'other entities' END AS by_whom,
           CASE WHEN maker = publisher THEN 'the same entity'
                WHEN (universe, period, maker) IN (FROM carried_for) THEN maker ELSE 'other entities' END AS of_whom
    FROM sized),
-- everything that they publish, made from something or not
everything AS (
    SELECT universe, period, size_class, by_whom, sum(downloads) AS of_publisher,
           sum(sum(downloads)) OVER (PARTITION BY universe, period, size_class) AS of_all
    FROM (SELECT universe, period, downloads, unnest(CASE WHEN size_class_coarse = '≥1B' THEN ['all', '≥1B'] ELSE ['all'] END) AS size_class,
                 CASE WHEN (universe, period, entity) IN (FROM publishers) THEN entity ELSE 'other entities' END AS by_whom
          FROM counted)
    GROUP BY universe, period, size_class, by_whom),
sums AS (
    SELECT universe, period, size_class, by_whom, of_whom, relation, count(DISTINCT publisher) AS publishers,
           count(DISTINCT maker) AS makers, count(*) AS models, CAST(sum(downloads) AS BIGINT) AS downloads
    FROM labelled GROUP BY ALL)
SELECT universe, period, size_class,
       row_number() OVER (PARTITION BY universe, period, size_class ORDER BY downloads DESC, by_whom, of_whom, relation) AS rank,
       by_whom AS publisher, p.entity_type AS publisher_type, p.country AS publisher_country,
       of_whom AS maker, m.entity_type AS maker_type, m.country AS maker_country, relation, publishers, makers, models,
       downloads, share(downloads, of_all) AS downloads_share, share(downloads, of_publisher) AS share_of_publisher,
       CASE WHEN of_whom <> 'the same entity'
            THEN share(downloads, sum(downloads) OVER (PARTITION BY universe, period, size_class, of_whom)) END
           AS share_of_maker
FROM sums JOIN everything USING (universe, period, size_class, by_whom)
LEFT JOIN (SELECT DISTINCT entity, entity_type, country FROM models) AS p ON p.entity = by_whom
LEFT JOIN makers AS m ON m.entity = of_whom
ORDER BY universe, period, size_class, rank;

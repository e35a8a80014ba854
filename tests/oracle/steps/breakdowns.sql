-- Breakdowns in two ways at once: modality by entity, size class by country. Needs counted.sql before.

-- Each model under all that it counts for: under each of its frameworks, and once in every other dimension.
CREATE OR REPLACE VIEW parts AS
UNPIVOT (
    SELECT universe, period, id, entity AS publisher, downloads, account, entity, entity_type,
           country, continent, eu_group AS eu, modality, task, size_class AS fine, size_class_coarse AS coarse
    FROM counted)
ON account, entity, entity_type, country, continent, eu, modality, task, fine, coarse
INTO NAME dimension VALUE part
UNION ALL BY NAME
SELECT universe, period, id, entity AS publisher, downloads, 'framework' AS dimension,
       unnest(CASE WHEN frameworks = [] THEN ['unknown'] ELSE frameworks END) AS part
FROM counted;

CREATE OR REPLACE VIEW part_sums AS
SELECT universe, period, dimension, part, count(*) AS models, CAST(sum(downloads) AS BIGINT) AS downloads
FROM parts GROUP BY universe, period, dimension, part;

-- The parts of some dimensions, each split by other ones; both are lists of names. Shares are of the downloads.
CREATE OR REPLACE MACRO split(dimensions, others) AS TABLE
WITH cells AS (
    SELECT universe, period, a.dimension, a.part, b.dimension AS other, b.part AS other_part,
           count(DISTINCT a.publisher) AS entities, count(*) AS models, CAST(sum(a.downloads) AS BIGINT) AS downloads
    FROM parts AS a JOIN parts AS b USING (universe, period, id)
    WHERE list_contains(dimensions, a.dimension) AND list_contains(others, b.dimension)
    GROUP BY universe, period, a.dimension, a.part, b.dimension, b.part)
SELECT cells.*,
       row_number() OVER (PARTITION BY universe, period, cells.dimension, cells.part, other
                          ORDER BY cells.downloads DESC, other_part) AS rank,
       share(cells.downloads, all_downloads) AS downloads_share,
       share(cells.downloads, a.downloads) AS share_of_part,
       share(cells.downloads, b.downloads) AS share_of_other
FROM cells JOIN wholes USING (universe, period)
JOIN part_sums AS a USING (universe, period, dimension, part)
JOIN part_sums AS b ON (b.universe, b.period, b.dimension, b.part)
                     = (cells.universe, cells.period, other, other_part);

-- Unknown is the last class of either scheme.
CREATE OR REPLACE VIEW classes AS
SELECT scheme, position, size_class, min_parameters FROM size_classes
UNION ALL SELECT scheme, max(position) + 1, 'unknown', NULL FROM size_classes GROUP BY scheme;

-- The size classes of both schemes, split; nothing if no size is known.
CREATE OR REPLACE MACRO split_sizes(others) AS TABLE
SELECT cells.* RENAME (share_of_part AS share_of_class), scheme, position, size_class, min_parameters
FROM split(['fine', 'coarse'], others) AS cells JOIN classes ON (scheme, size_class) = (dimension, part)
WHERE (SELECT count(parameters) FROM models) > 0;

CREATE OR REPLACE VIEW entity_kinds AS SELECT DISTINCT entity, entity_type, country FROM models;

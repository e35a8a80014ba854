-- Which family a model is of. Needs reference.sql, models.sql and lineage.sql before.

-- The ids that bear the name of a family: of the models, and of the base models that are missing. A name is taken as
-- words, one with a version at its end also without it; what is written in two words is one.
CREATE OR REPLACE TABLE family_names AS
WITH ids AS (
    SELECT id, entity FROM models UNION ALL SELECT base_model, entity FROM base_models WHERE NOT in_snapshot),
joined AS (
    SELECT id, entity,
           regexp_replace(
               regexp_replace(
                   last_part(id),
                   '(gpt|xlm|stable|command|big|seed|code|chronos|opus)[-_. ]'
                   || '(oss|neox|neo|j|2|roberta|diffusion|r|bird|llama|qwen|t5|bolt|mt)([^a-z]|$)', '\1\2\3'),
               '(stablediffusion)[-_. ]?v?(xl|[23])', '\1\2') AS name
    FROM ids),
split AS (
    SELECT id, entity,
           string_split(regexp_replace(trim(regexp_replace(name, '[^a-z0-9]+', ' ', 'g')),
                                       '([a-z]+)([0-9]+[a-z]?)( |$)', '\1\2 \1\3', 'g'), ' ') AS words
    FROM joined),
meanings AS (
    SELECT DISTINCT regexp_replace(tag, '[-_.]', '', 'g') AS word, family, entity, in_name
    FROM known_families WHERE in_name <> 'no'),
-- The places at which a family may stand: the first word, that without its version, then all.
candidates AS (
    SELECT id, entity, words[1] AS word, false AS is_any, 1 AS turn FROM split
    UNION ALL SELECT id, entity, regexp_replace(words[1], '[0-9]+[a-z]?$', ''), false, 2 FROM split
    UNION ALL SELECT id, entity, unnest(words), true, 2 + generate_subscripts(words, 1) FROM split)
SELECT candidates.id, family, meanings.entity AS maker, candidates.entity = meanings.entity AS by_maker
FROM candidates JOIN meanings USING (word)
WHERE NOT is_any OR in_name = 'anywhere'
QUALIFY row_number() OVER (PARTITION BY candidates.id ORDER BY turn) = 1;

-- The tags and GGUF architectures that are one of a family, as they are or without a version after it.
CREATE OR REPLACE TABLE family_tags AS
WITH every AS (SELECT unnest(tags) AS tag FROM owned UNION SELECT gguf_architecture FROM owned),
spelled AS (
    SELECT tag, lower(tag) AS form FROM every
    UNION SELECT tag, regexp_replace(lower(tag), '[-_. ]?[0-9].*$', '') FROM every
    UNION SELECT tag, regexp_replace(lower(tag), '[-_. ]?v?[0-9].*$', '') FROM every)
SELECT spelled.tag, family, is_architecture, shared
FROM spelled JOIN known_families ON known_families.tag = form
QUALIFY row_number() OVER (PARTITION BY spelled.tag ORDER BY length(form) DESC) = 1;

-- The tags of each model that are one of a family, but for those that are a language of the same model. Places are among
-- all that name a family.
CREATE OR REPLACE TABLE model_family_tags AS
WITH listed AS (
    SELECT id, tag, row_number() OVER (PARTITION BY id ORDER BY place) AS position, family, is_architecture, shared
    FROM (SELECT id, unnest(tags) AS tag, generate_subscripts(tags, 1) AS place FROM owned) JOIN family_tags USING (tag))
SELECT id, min(position) AS position, tag, family, is_architecture, shared
FROM listed ANTI JOIN model_languages ON model_languages.id = listed.id AND model_languages.value = listed.tag
GROUP BY id, tag, family, is_architecture, shared;

-- By its name, if its maker made the family; by what it descends from, its GGUF header, its name, or a tag: the first
-- that says a family.
CREATE OR REPLACE TABLE model_families AS
WITH bearing AS (
    SELECT ancestors.id, family, bool_or(by_maker) AS by_maker, count(*) AS bearers
    FROM ancestors JOIN family_names ON family_names.id = ancestor
    WHERE ancestors.id <> ancestor GROUP BY ancestors.id, family),
descended AS (
    SELECT id, family FROM bearing
    QUALIFY row_number() OVER (PARTITION BY id ORDER BY by_maker DESC, bearers DESC, family) = 1),
header AS (
    SELECT id, family, shared FROM owned JOIN family_tags ON family_tags.tag = gguf_architecture),
tagged AS (
    SELECT id, family, is_architecture, shared, place
    FROM (SELECT id, unnest(tags) AS tag, generate_subscripts(tags, 1) AS place FROM owned) AS listed
    JOIN family_tags USING (tag)
    WHERE NOT EXISTS (FROM model_languages AS l WHERE l.id = listed.id AND l.value = listed.tag)),
found AS (
    SELECT owned.id, descended.family AS by_lineage, CASE WHEN NOT header.shared THEN header.family END AS by_type,
           family_names.family AS by_name, CASE WHEN family_names.by_maker THEN by_name END AS by_own_name,
           (SELECT arg_min(family, place) FROM tagged WHERE tagged.id = owned.id AND NOT shared) AS by_tag,
           coalesce(header.family, (SELECT arg_min(family, place) FROM tagged
                                    WHERE tagged.id = owned.id AND is_architecture)) AS architecture
    FROM owned LEFT JOIN descended USING (id) LEFT JOIN header USING (id) LEFT JOIN family_names USING (id)),
settled AS (
    SELECT id, coalesce(by_own_name, by_lineage, by_type, by_name, by_tag) AS family,
           CASE WHEN by_own_name IS NOT NULL THEN 'name'
                WHEN by_lineage IS NOT NULL THEN 'lineage' WHEN by_type IS NOT NULL THEN 'model_type'
                WHEN by_name IS NOT NULL THEN 'name' WHEN by_tag IS NOT NULL THEN 'tag' ELSE 'none' END AS family_source,
           architecture
    FROM found)
SELECT id, family, entity AS maker, family_source, architecture
FROM settled LEFT JOIN (SELECT DISTINCT family, entity FROM known_families) USING (family)
WHERE coalesce(family, architecture) IS NOT NULL;

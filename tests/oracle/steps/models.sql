-- Models with all that is asked of them. Needs reference.sql, ingest.sql and size_in_name.sql before.
-- Variables: snapshot_date, and the values that the jobs of enrich declare to be set: stated_sizes packed_share,
-- packed_tags, four_bit_tags, four_bit_names, least_bytes, many_bytes, most_bytes; model_languages listed; model_parents
-- same_weights_names, weight_tags, copy_tags, quantised_tags, quantised_names, quantised_endings; models fixture_names,
-- least_bytes, whole_bytes.

-- Whose it is. What the source says to be gone from the Hub is left out from here on.
CREATE OR REPLACE TABLE owned AS
SELECT ingest.*,
       CASE WHEN contains(ingest.id, '/') THEN split_part(ingest.id, '/', 1)
            ELSE coalesce(legacy_owners.account, nullif(trim(ingest.author), ''), ingest.id) END AS account
FROM ingest LEFT JOIN legacy_owners USING (id)
WHERE ingest.removed IS NOT TRUE;

-- Of every kind: whose spelling counts is asked of all of them.
CREATE OR REPLACE TABLE repositories AS
SELECT 'models' AS kind, account, coalesce(downloads_30d, downloads_all_time, 0) AS downloads FROM owned
UNION ALL SELECT 'datasets', account, coalesce(downloads_30d, downloads_all_time, 0) FROM owned_datasets
UNION ALL SELECT 'spaces', account, 0 FROM owned_spaces
UNION ALL SELECT 'papers', account, 0 FROM owned_papers;

CREATE OR REPLACE TABLE owners AS
SELECT owned.account,
       coalesce(exact.entity, caseless.entity,
                CASE WHEN owned.spelling IN (SELECT entity FROM facts('entities'))
                     THEN owned.spelling || ' (account)' ELSE owned.spelling END) AS entity,
       coalesce(exact.entity, caseless.entity) IS NOT NULL AS listed
FROM (SELECT account, first(account) OVER (PARTITION BY lower(account) ORDER BY downloads DESC, account) AS spelling
      FROM (SELECT account, sum(downloads) AS downloads FROM repositories WHERE account IS NOT NULL GROUP BY account)
     ) AS owned
LEFT JOIN accounts_of_the_day AS exact ON exact.account = owned.account
LEFT JOIN accounts_of_the_day AS caseless ON lower(caseless.account) = lower(owned.account);

CREATE OR REPLACE TABLE accounts_normalized AS
SELECT owners.account, owners.entity, owners.listed,
       coalesce(kinds.entity_type, unplaced(owners.listed, told.account_type)) AS entity_type,
       coalesce(kinds.country, unplaced(owners.listed, told.account_type)) AS country,
       coalesce(countries.continent, kinds.country, unplaced(owners.listed, told.account_type)) AS continent,
       CASE WHEN countries.in_eu THEN 'EU' ELSE coalesce(kinds.country, unplaced(owners.listed, told.account_type)) END
           AS eu_group,
       told.account_type
FROM owners
LEFT JOIN told_accounts AS told ON told.folded = lower(owners.account)
LEFT JOIN entities_of_the_day AS kinds ON owners.listed AND kinds.entity = owners.entity
LEFT JOIN countries ON countries.country = kinds.country;

-- How large it is.
CREATE OR REPLACE TABLE elements AS
SELECT id, sum(elements) AS elements, coalesce(sum(elements) FILTER (dtype IN ('I32', 'U32', 'U8')), 0) AS packed,
       coalesce(sum(elements) FILTER (dtype IN ('U8', 'BOOL')), 0) AS masks
FROM (SELECT id, split_part(entry, '=', 1) AS dtype, CAST(split_part(entry, '=', 2) AS BIGINT) AS elements
      FROM (SELECT id, unnest(safetensors_parameters) AS entry FROM ingest))
GROUP BY id;

-- Whether a repository can hold so many parameters, as far as its storage is known.
CREATE OR REPLACE MACRO holds_all(n, storage) AS storage IS NULL OR storage >= getvariable('least_bytes') * n;

-- What a number of parameters is held against: what the name states, and what the repository takes.
CREATE OR REPLACE MACRO believed(n, storage, most, named) AS
    n > 0 AND n <= (SELECT parameters FROM size_bounds WHERE bound = 'largest')
    AND (storage IS NULL
         OR holds_all(n, storage) AND storage <= most * n
            AND NOT (storage > getvariable('many_bytes') * n AND coalesce(named, 0) > 2 * n));

-- What a correction or its own metadata say.
CREATE OR REPLACE TABLE own_sizes AS
WITH told AS (
    SELECT owned.* REPLACE (nullif(storage_bytes, 0) AS storage_bytes),
           size_corrections.parameters AS corrected, size_in_name.parameters AS named,
           coalesce(elements.packed, 0) > getvariable('packed_share') * coalesce(elements.elements, safetensors_total)
               AS is_packed,
           -- among weights that are not packed, bytes and truth values are masks
           coalesce(elements.elements - elements.masks, safetensors_total) AS counted,
           list_contains(tags, 'gguf') AND NOT list_contains(tags, 'safetensors') AS only_gguf,
           list_has_any(tags, getvariable('four_bit_tags'))
               OR regexp_matches(string_split(id, '/')[-1], getvariable('four_bit_names'), 'i') AS four_bit,
           list_has_any(tags, getvariable('packed_tags')) AND NOT list_contains(tags, 'fp8') AS quantised
    FROM owned LEFT JOIN elements USING (id) LEFT JOIN size_corrections USING (id) LEFT JOIN size_in_name USING (id)),
held AS (
    SELECT id, corrected, named,
           CASE WHEN NOT is_packed
                     AND believed(counted, storage_bytes, 'infinity'::DOUBLE, named) THEN counted END AS stored,
           CASE WHEN believed(gguf_total, storage_bytes, getvariable('most_bytes'), named) THEN gguf_total END
               AS header,
           CASE WHEN (coalesce(only_gguf, false) OR NOT (coalesce(four_bit, false) OR coalesce(quantised, false)))
                     AND believed(stated_parameters, storage_bytes, getvariable('most_bytes'), named)
                THEN stated_parameters END AS stated
    FROM told)
SELECT id, named, CAST(coalesce(corrected, stored, header, stated) AS BIGINT) AS parameters,
       CASE WHEN corrected IS NOT NULL THEN 'correction' WHEN stored IS NOT NULL THEN 'safetensors'
            WHEN header IS NOT NULL THEN 'gguf' WHEN stated IS NOT NULL THEN 'stated' END AS parameters_source
FROM held;

-- What it comes in.
CREATE OR REPLACE TABLE model_frameworks AS
SELECT id, framework
FROM (SELECT id, unnest(tags) AS word FROM owned UNION SELECT id, lower(trim(library)) FROM owned) AS words
JOIN frameworks ON frameworks.tag = words.word
GROUP BY id, framework;

-- What it does: the pipeline tag that is a reviewed fact, else that of its model type where it states none or one that
-- the type's takes the place of, else its own.
CREATE OR REPLACE TABLE tasks_told AS
WITH stated AS (
    SELECT id, tags, gguf_architecture, coalesce(nullif(lower(trim(pipeline_tag)), ''), 'unknown') AS pipeline_tag
    FROM owned),
tags_that_are_types AS (
    SELECT id, arg_min(tag, place) AS model_type
    FROM (SELECT id, unnest(tags) AS tag, generate_subscripts(tags, 1) AS place FROM stated)
    WHERE tag IN (SELECT model_type FROM model_type_tasks) GROUP BY id),
typed AS (
    SELECT id, coalesce(model_type, lower(trim(gguf_architecture))) AS model_type
    FROM stated LEFT JOIN tags_that_are_types USING (id) WHERE pipeline_tag IN ('unknown', 'feature-extraction'))
SELECT stated.id, stated.pipeline_tag, coalesce(reviewed.pipeline_tag, types.pipeline_tag, stated.pipeline_tag) AS task_tag,
       CASE WHEN reviewed.id IS NOT NULL THEN 'correction' WHEN types.model_type IS NOT NULL THEN 'model_type'
            WHEN stated.pipeline_tag = 'unknown' THEN 'unknown' ELSE 'pipeline_tag' END AS task_source
FROM stated LEFT JOIN typed USING (id)
LEFT JOIN task_corrections AS reviewed ON reviewed.id = stated.id
LEFT JOIN model_type_tasks AS types
       ON types.model_type = typed.model_type AND stated.pipeline_tag IN ('unknown', types.replaces);

-- What it speaks: the card, else those tags that are taken for languages. A card may have a language with its script,
-- region and variants.
CREATE OR REPLACE TABLE model_languages AS
WITH written AS (
    SELECT DISTINCT id, trim(value) AS value FROM (SELECT id, unnest(languages) AS value FROM owned)
    WHERE trim(value) <> ''),
card AS (
    SELECT id, value, coalesce(whole.language, part.language) AS language
    FROM written
    LEFT JOIN languages AS whole ON whole.code = lower(value)
    LEFT JOIN languages AS part ON part.code = regexp_extract(
        lower(value), '^([a-z]{2,3})([-_][a-z]{4})?([-_]([a-z]{2}|[0-9]{3}))?([-_]([a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*$',
        1)),
without_card AS (SELECT * FROM owned WHERE coalesce(len(languages), 0) = 0),
tags AS (SELECT DISTINCT id, unnest(tags) AS value FROM without_card),
lists AS (
    SELECT id FROM tags JOIN language_tags ON language_tags.code = tags.value
    WHERE makes_a_list GROUP BY id HAVING count(*) >= getvariable('listed')),
named AS (
    SELECT id, code
    FROM (SELECT id, task_tag,
                 unnest(regexp_split_to_array(lower(string_split(id, '/')[-1]), '[^a-z0-9]+')) AS word
          FROM without_card JOIN tasks_told USING (id))
    JOIN language_words USING (word)
    WHERE task_tag NOT IN (SELECT pipeline_tag FROM pipeline_tags WHERE NOT language_applies)),
tag AS (
    SELECT id, value FROM tags JOIN language_tags ON language_tags.code = tags.value
    WHERE NOT in_doubt OR id IN (SELECT id FROM lists)
       OR EXISTS (FROM named WHERE named.id = tags.id AND named.code = tags.value)
    UNION ALL SELECT id, value FROM tags WHERE value = 'multilingual')
SELECT id, value, language, 'card' AS origin FROM card
UNION ALL
SELECT id, value, languages.language, 'tag' FROM tag LEFT JOIN languages ON languages.code = tag.value;

-- The Hub has no two ids that differ only in case: what an id stands for, however it is written.
CREATE OR REPLACE TABLE spellings AS SELECT lower(id) AS folded, min(id) AS id FROM owned GROUP BY folded;

-- What it is named to be made from: as the Hub resolved it, else tags, else the card; never from two of them.
CREATE OR REPLACE TABLE named_parents AS
WITH resolved AS (
    SELECT id, 'base_models' AS origin, unnest(base_models) AS base_model, generate_subscripts(base_models, 1) AS place,
           coalesce(base_model_relation, 'unknown') AS relation
    FROM owned),
tagged AS (
    SELECT id, 'tag' AS origin, said.base_model AS base_model, place,
           coalesce(nullif(said.relation, ''), 'unknown') AS relation
    FROM (SELECT id, place, regexp_extract(tag, '^base_model:(?:(finetune|adapter|quantized|merge):)?(.+)$',
                                           ['relation', 'base_model']) AS said
          FROM (SELECT id, unnest(tags) AS tag, generate_subscripts(tags, 1) AS place FROM owned)
          WHERE starts_with(tag, 'base_model:'))),
written AS (
    SELECT id, 'card' AS origin, unnest(card_base_models) AS base_model,
           generate_subscripts(card_base_models, 1) AS place,
           coalesce(base_model_relation, 'unknown') AS relation
    FROM owned),
found AS (
    SELECT *, CASE origin WHEN 'base_models' THEN 1 WHEN 'tag' THEN 2 ELSE 3 END AS turn
    FROM (SELECT * FROM resolved UNION ALL SELECT * FROM tagged UNION ALL SELECT * FROM written)
    WHERE trim(base_model) <> ''),
chosen AS (
    SELECT found.* REPLACE (CASE WHEN trim(base_model) IN (SELECT id FROM owned) THEN trim(base_model)
                                 ELSE coalesce(spellings.id, trim(base_model)) END AS base_model)
    FROM found LEFT JOIN spellings ON folded = lower(trim(base_model))
    QUALIFY turn = min(turn) OVER (PARTITION BY found.id))
SELECT id, base_model, origin, min(place) AS place,
       coalesce(min(relation) FILTER (relation <> 'unknown'), 'unknown') AS relation
FROM chosen GROUP BY id, base_model, origin;

-- The name without what its end says of the format of full weights.
CREATE OR REPLACE MACRO bare_name(id) AS regexp_replace(last_part(id), getvariable('same_weights_names'), '');

-- Who is at home where an id is; null if nobody knows whose it is.
CREATE OR REPLACE TABLE homes AS
SELECT ids.id, home, coalesce((SELECT min(entity) FROM accounts_of_the_day WHERE lower(account) = home), home) AS entity
FROM (SELECT id, lower(CASE WHEN contains(id, '/') THEN split_part(id, '/', 1)
                            ELSE (SELECT account FROM legacy_owners WHERE legacy_owners.id = every.id) END) AS home
      FROM (SELECT id FROM named_parents UNION SELECT base_model FROM named_parents) AS every) AS ids;

-- What it is made from. An id that is the model itself is nothing it was made from: the very same, or one at the same
-- home under the same name that names no base of its own.
CREATE OR REPLACE TABLE model_parents AS
WITH beside AS (
    SELECT named.*, corrections.relation AS corrected,
           bare_name(named.id) = bare_name(named.base_model)
               AND coalesce(mine.home = theirs.home OR mine.entity = theirs.entity, false)
               AND named.base_model NOT IN (SELECT id FROM named_parents) AS is_same_model,
           named.relation = 'quantized'
               AND coalesce(list_has_any(tags, getvariable('weight_tags')), false)
               AND coalesce(list_has_any(tags, getvariable('copy_tags')), false)
               AND NOT coalesce(list_has_any(tags, getvariable('quantised_tags')), false)
               AND NOT regexp_matches(last_part(named.id), getvariable('quantised_names'), 'i')
               AND last_part(named.id) <> last_part(named.base_model) AS is_finetune,
           named.relation = 'finetune' AND starts_with(last_part(named.id), last_part(named.base_model))
               AND regexp_full_match(substring(last_part(named.id), length(last_part(named.base_model)) + 1),
                                     getvariable('quantised_endings')) AS is_quantised
    FROM named_parents AS named JOIN owned USING (id)
    LEFT JOIN homes AS mine ON mine.id = named.id LEFT JOIN homes AS theirs ON theirs.id = named.base_model
    LEFT JOIN relation_corrections AS corrections
           ON corrections.id = named.id AND corrections.base_model = named.base_model
    WHERE named.id <> named.base_model),
settled AS (
    SELECT id, base_model, origin, place,
           CASE WHEN corrected IS NOT NULL THEN corrected WHEN is_same_model THEN 'original'
                WHEN is_finetune THEN 'finetune' WHEN is_quantised THEN 'quantized' ELSE relation END AS relation
    FROM beside),
-- A copy by its name: the same account has the model without what the name ends in.
endings AS (
    SELECT id, regexp_extract(last_part(id), getvariable('quantised_endings')) AS ending FROM owned
    WHERE id NOT IN (SELECT id FROM settled WHERE relation <> 'original')),
copies AS (
    SELECT endings.id, spellings.id AS base_model, 'name' AS origin, 1 AS place,
           coalesce(corrections.relation, 'quantized') AS relation
    FROM endings JOIN spellings ON folded || ending = lower(endings.id)
    LEFT JOIN relation_corrections AS corrections
           ON corrections.id = endings.id AND corrections.base_model = spellings.id
    WHERE ending <> '')
SELECT id, base_model, relation, origin, row_number() OVER (PARTITION BY id ORDER BY place, base_model) AS position
FROM (FROM settled UNION ALL BY NAME FROM copies) WHERE relation <> 'original';

-- How large it is, all told: an adapter as it says itself, another model else as its base is or its name says.
CREATE OR REPLACE TABLE sizes_known AS
WITH beside AS (
    SELECT owned.id, own.parameters AS own, own.parameters_source AS own_source, own.named, base.parameters AS base,
           regexp_matches(owned.id, getvariable('fixture_names'), 'i')
               OR coalesce(own.parameters < (SELECT parameters FROM size_bounds WHERE bound = 'fixture'), false)
               AS is_fixture,
           -- one that takes the storage of a whole model is one
           (coalesce(first.relation = 'adapter', false) OR coalesce(lower(trim(owned.library)) = 'peft', false)
                OR coalesce(list_contains(owned.tags, 'lora'), false))
               AND NOT coalesce(owned.storage_bytes >= getvariable('whole_bytes') * own.named, false) AS is_adapter,
           -- a name that states no size is no objection, but where nobody says how it was made
           coalesce(holds_all(base.parameters, nullif(owned.storage_bytes, 0))
                    AND CASE WHEN own.named IS NULL THEN first.relation IN ('quantized', 'finetune', 'merge')
                             WHEN first.relation = 'quantized'
                             THEN own.named BETWEEN base.parameters // 2 AND 2 * base.parameters
                             WHEN first.relation IN ('finetune', 'merge', 'unknown')
                             THEN own.named BETWEEN 2 * base.parameters // 3 AND 4 * base.parameters // 3 END, false)
               AS is_as_its_base,
           holds_all(own.named, nullif(owned.storage_bytes, 0)) AS is_as_named
    FROM owned JOIN own_sizes AS own USING (id)
    LEFT JOIN model_parents AS first ON first.id = owned.id AND first.position = 1
    LEFT JOIN own_sizes AS base ON base.id = first.base_model),
settled AS (
    SELECT *, CASE WHEN is_fixture THEN 'fixture' WHEN own IS NOT NULL THEN own_source WHEN is_adapter THEN 'unknown'
                   WHEN is_as_its_base AND base IS NOT NULL THEN 'base'
                   WHEN is_as_named AND named IS NOT NULL THEN 'name' ELSE 'unknown' END AS parameters_source
    FROM beside)
SELECT id, CASE parameters_source WHEN 'fixture' THEN NULL WHEN 'unknown' THEN NULL WHEN 'base' THEN base
                                  WHEN 'name' THEN named ELSE own END AS parameters,
       parameters_source, is_fixture
FROM settled;

-- How many parameters of a mixture of experts are active: by a fact, by the words of its name, by those of the model
-- that it is a copy or a finetune of.
CREATE OR REPLACE TABLE mixtures AS
WITH first AS (
    SELECT id, base_model FROM model_parents WHERE position = 1 AND relation IN ('quantized', 'finetune')),
names AS (
    SELECT id, lower(string_split(id, '/')[-1]) AS name
    FROM (SELECT id FROM owned UNION SELECT base_model FROM first) WHERE id NOT IN (SELECT id FROM active_parameters)),
-- the dots between digits belong to the word
words AS (
    SELECT id, contains(name, 'moe') AS says_moe, list_filter(regexp_split_to_array(
               regexp_replace(regexp_replace(name, '([0-9])\.([0-9])', '\1§\2', 'g'),
                              '([0-9])\.([0-9])', '\1§\2', 'g'), '[^a-z0-9§]+'), lambda w: w <> '') AS list
    FROM names),
placed AS (
    SELECT id, says_moe, unnest(list) AS word, generate_subscripts(list, 1) AS place FROM words),
numbers AS (
    SELECT *, regexp_full_match(word, 'a[0-9]{1,4}(§[0-9]{1,4})?[bm]') AS is_active,
           regexp_full_match(word, '[0-9]{1,4}(§[0-9]{1,4})?[bm]') AS is_size,
           CAST(round(TRY_CAST(replace(regexp_extract(word, '[0-9§]+'), '§', '.') AS DOUBLE)
                      * CASE WHEN word LIKE '%b' THEN 1e9 ELSE 1e6 END) AS BIGINT) AS number
    FROM (FROM placed WHERE regexp_full_match(word, 'a?[0-9§]{1,9}[a-z]'))),
-- neighbours in the name, not only among its numbers
pairs AS (
    SELECT one.*, two.is_size AS before_size, two.number AS next_number, two.word AS next
    FROM numbers AS one LEFT JOIN numbers AS two ON two.id = one.id AND two.place = one.place + 1),
said AS (
    SELECT id, arg_min(number, place) FILTER (is_active) AS active,
           arg_min(CASE WHEN number < next_number THEN number END, place)
               FILTER (says_moe AND is_size AND before_size AND number < next_number) AS smaller,
           arg_min(number, place) FILTER (is_size AND word LIKE '%b' AND regexp_full_match(next, '[0-9]{1,4}e')) AS each
    FROM pairs GROUP BY id),
known AS (
    SELECT id, parameters AS active_parameters FROM active_parameters
    UNION ALL SELECT id, coalesce(active, smaller, each) FROM said)
SELECT owned.id, coalesce(own.active_parameters, its.active_parameters) AS active_parameters,
       CASE WHEN own.active_parameters IS NULL THEN 'base'
            WHEN owned.id IN (SELECT id FROM active_parameters) THEN 'fact' ELSE 'name' END AS active_source
FROM owned LEFT JOIN known AS own USING (id)
LEFT JOIN first USING (id) LEFT JOIN known AS its ON its.id = first.base_model
WHERE coalesce(own.active_parameters, its.active_parameters) > 0;

CREATE OR REPLACE TABLE models AS
WITH licensed AS (
    SELECT id, lower(coalesce(
               CASE WHEN lower(tag) <> 'other' THEN tag END, nullif(trim(license), ''), tag, 'unknown')) AS license
    FROM (SELECT id, license,
                 nullif(trim(substring(
                     list_filter(tags, lambda t: starts_with(t, 'license:') AND length(t) > 8)[1], 9)), '') AS tag
          FROM owned)),
counts AS (
    SELECT owned.id,
           (SELECT count(DISTINCT language) FROM model_languages AS l WHERE l.id = owned.id) AS language_count,
           (SELECT count(*) FROM model_frameworks AS f WHERE f.id = owned.id) AS framework_count,
           (SELECT coalesce(list(framework ORDER BY framework), []) FROM model_frameworks AS f WHERE f.id = owned.id)
               AS frameworks,
           (SELECT count(*) FROM model_parents AS p WHERE p.id = owned.id) AS base_model_count
    FROM owned)
SELECT owned.id, owned.account, a.entity, a.entity_type, a.country, a.continent, a.eu_group,
       owned.created_at, owned.last_modified,
       owned.downloads_30d, owned.downloads_all_time, owned.likes, owned.trending_score,
       told.pipeline_tag, coalesce(p.task, told.task_tag) AS task, told.task_tag, told.task_source,
       coalesce(p.modality, 'unknown') AS modality, coalesce(p.hub_modality, 'unknown') AS hub_modality,
       coalesce(p.architecture, 'unknown') AS architecture, coalesce(p.language_applies, false) AS language_applies,
       coalesce(nullif(lower(trim(owned.library)), ''), 'unknown') AS library,
       licensed.license,
       CASE WHEN licensed.license = 'unknown' THEN 'unknown'
            ELSE coalesce(licenses.family, 'unlisted') END AS license_family,
       s.parameters, s.parameters_source,
       CASE WHEN mixtures.active_parameters < s.parameters THEN mixtures.active_parameters END AS active_parameters,
       s.is_fixture,
       coalesce(fine.size_class, 'unknown') AS size_class, coalesce(coarse.size_class, 'unknown') AS size_class_coarse,
       coalesce(large.size_class, 'unknown') AS size_class_large,
       first.base_model, coalesce(first.relation, 'original') AS relation,
       counts.language_count, counts.framework_count, counts.base_model_count,
       coalesce(len(owned.tags), 0) AS tag_count, counts.frameworks
FROM owned
JOIN tasks_told AS told ON told.id = owned.id
JOIN accounts_normalized AS a ON a.account = owned.account
JOIN sizes_known AS s ON s.id = owned.id
JOIN licensed ON licensed.id = owned.id
JOIN counts ON counts.id = owned.id
LEFT JOIN pipeline_tags AS p ON p.pipeline_tag = told.task_tag
LEFT JOIN licenses ON licenses.license = licensed.license
LEFT JOIN size_classes AS fine ON fine.scheme = 'fine' AND s.parameters >= fine.min_parameters
      AND s.parameters < coalesce(fine.max_parameters, 9223372036854775807)
LEFT JOIN size_classes AS coarse ON coarse.scheme = 'coarse' AND s.parameters >= coarse.min_parameters
      AND s.parameters < coalesce(coarse.max_parameters, 9223372036854775807)
LEFT JOIN size_classes AS large ON large.scheme = 'large' AND s.parameters >= large.min_parameters
      AND s.parameters < coalesce(large.max_parameters, 9223372036854775807)
LEFT JOIN mixtures ON mixtures.id = owned.id
LEFT JOIN model_parents AS first ON first.id = owned.id AND first.position = 1;

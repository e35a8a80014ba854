-- How models are built, by the first tag that says it.
SELECT n, arg_min(tag, place) AS type_in_tags FROM said_by_tags WHERE is_type GROUP BY n

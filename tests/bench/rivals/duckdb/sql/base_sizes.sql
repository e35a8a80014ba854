-- How large the first base model of each model is that does not say it of itself, if that is known.
SELECT p.n, p.relation, base.parameters
FROM parents_found AS p
JOIN (SELECT n FROM own_sizes WHERE parameters IS NULL) AS own ON own.n = p.n
JOIN (SELECT id, parameters FROM own_sizes WHERE parameters IS NOT NULL) AS base ON base.id = p.base_model
WHERE p.position = 1

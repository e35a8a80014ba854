SELECT k.modality, c.account_no, in_all_time, in_last_30d, CAST(sum(c.models) AS BIGINT) AS models,
       CAST(sum(c.all_time) AS BIGINT) AS all_time, CAST(sum(c.last_30d) AS BIGINT) AS last_30d
FROM cells AS c JOIN kinds AS k USING (kind_no)
GROUP BY k.modality, c.account_no, in_all_time, in_last_30d

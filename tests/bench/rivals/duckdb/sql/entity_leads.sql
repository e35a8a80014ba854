-- The first part of each entity by downloads, then models, then name, packed into one number whose largest it is.
SELECT entity_no,
       max(a) FILTER (what = 'modality') AS modality_all_time, max(b) FILTER (what = 'modality') AS modality_last_30d,
       max(a) FILTER (what = 'task') AS task_all_time, max(b) FILTER (what = 'task') AS task_last_30d,
       max(a) FILTER (what = 'fine') AS fine_all_time, max(b) FILTER (what = 'fine') AS fine_last_30d,
       count(*) FILTER (what = 'modality' AND NOT unknown AND p.all_time * 20 > e.all_time) AS broad_all_time,
       count(*) FILTER (what = 'modality' AND NOT unknown AND p.last_30d * 20 > e.last_30d) AS broad_last_30d
FROM (SELECT *, (CAST(all_time AS HUGEINT) << 56) + (models << 16) + (65535 - part_no) AS a,
             (CAST(last_30d AS HUGEINT) << 56) + (models << 16) + (65535 - part_no) AS b FROM entity_parts) AS p
JOIN (SELECT entity_no, all_time, last_30d FROM entity_sums) AS e USING (entity_no)
GROUP BY entity_no

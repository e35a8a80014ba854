SELECT row_number() OVER (ORDER BY coalesce(downloads_all_time_gained, downloads_30d_gained) DESC NULLS LAST,
                                   id, status) AS position,
       * EXCLUDE (gains), coalesce(downloads_all_time_gained < 0, false) AS is_regression
FROM followed
WHERE status <> 'kept'
   OR downloads_all_time IS DISTINCT FROM previous_downloads_all_time
   OR downloads_30d IS DISTINCT FROM previous_downloads_30d
   OR likes IS DISTINCT FROM previous_likes
ORDER BY position;

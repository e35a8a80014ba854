SET VARIABLE fixture_below = (SELECT CAST(parameters AS BIGINT) FROM facts('size_bounds') WHERE bound = 'fixture');
SET VARIABLE largest = (SELECT CAST(parameters AS BIGINT) FROM facts('size_bounds') WHERE bound = 'largest');
SET VARIABLE fine_bounds = (
    SELECT list(min_parameters ORDER BY position) FROM size_classes WHERE scheme = 'fine' AND size_class <> 'unknown');
SET VARIABLE coarse_bounds = (
    SELECT list(min_parameters ORDER BY position) FROM size_classes WHERE scheme = 'coarse'
        AND size_class <> 'unknown');
SET VARIABLE large_bounds = (
    SELECT list(min_parameters ORDER BY position) FROM size_classes WHERE scheme = 'large' AND size_class <> 'unknown');
SET VARIABLE fine_names = (SELECT list(size_class ORDER BY position) FROM size_classes WHERE scheme = 'fine');
SET VARIABLE coarse_names = (SELECT list(size_class ORDER BY position) FROM size_classes WHERE scheme = 'coarse');
SET VARIABLE large_names = (SELECT list(size_class ORDER BY position) FROM size_classes WHERE scheme = 'large');

-- The values that enrich.models and aggregate.size_leaders declare beside their queries.
SET VARIABLE packed_share = 0.5;
SET VARIABLE quantised_tags = [
    '2-bit', '3-bit', '4-bit', '5-bit', '6-bit', '8-bit', 'aqlm', 'awq', 'bitsandbytes', 'compressed-tensors', 'exl2',
    'exl3', 'gptq', 'hqq', 'mxfp4', 'nvfp4', 'quantized'];
SET VARIABLE min_parameters = 1_000_000_000;

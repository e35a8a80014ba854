{# A mart as a file, named as the pipeline names the table. #}
{% macro written() %}
COPY (FROM {{ this }}) TO '{{ var('out') }}/{{ this.identifier | replace('__', '.') }}.parquet'
    (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)
{% endmacro %}

{# What the queries go by beside tables: the place of things, the day, and the values that jobs declare. #}
{% macro declared() %}
  {%- for name, value in var('declared').items() %}
SET VARIABLE {{ name }} = {{ literal(value) }};
  {%- endfor %}
SET VARIABLE snapshot_date = DATE '{{ var('date') }}';
{% endmacro %}

{% macro literal(value) %}
  {%- if value is string -%}
    '{{ value | replace("'", "''") }}'
  {%- elif value is number -%}
    {{ value }}
  {%- else -%}
    [{% for one in value %}{{ literal(one) }}{{ ", " if not loop.last }}{% endfor %}]
  {%- endif -%}
{% endmacro %}

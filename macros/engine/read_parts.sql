{#- Parquet files that match a pattern, as a relation. -#}
{% macro read_parts(pattern) -%}
    read_parquet('{{ pattern | replace("'", "''") }}', hive_partitioning = false)
{%- endmacro %}

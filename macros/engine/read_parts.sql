{#- Parquet files that match a pattern, as a relation. -#}
{% macro read_parts(pattern) -%}
    read_parquet({{ sql_text(pattern) }}, hive_partitioning = false)
{%- endmacro %}

{#- The key of a landed record: its dataset, its file and its number in the file. -#}
{% macro record_id(relation) -%}
    {{ relation }}.dataset || '/' || {{ relation }}.file_id[:16] || ':' || {{ relation }}.record_number
{%- endmacro %}

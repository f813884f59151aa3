{#- The columns of a landed record that every staging model of references begins with. -#}
{% macro reference_columns() -%}
    record_id,
    dataset,
    family,
    file_id,
    source_file,
    source_line,
    record_number,
    landed_at
{%- endmacro %}

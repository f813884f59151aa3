{#- The columns that every staging model ends with, so that families can be united. -#}
{% macro staged_columns() -%}
    record_id,
    dataset,
    family,
    file_id,
    source_file,
    record_number,
    source_line,
    record_hash,
    landed_at,
    source_id,
    task_id,
    model,
    success,
    reward,
    category,
    tools,
    metadata,
    messages,
    faults,
    list_concat(flags, message_flags) as flags
{%- endmacro %}

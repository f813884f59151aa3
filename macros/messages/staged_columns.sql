{#-
  The columns that every staging model ends with, so that families can be united.

  precedence: SQL; of records with the same id or content, the one with the lowest is kept
-#}
{% macro staged_columns(precedence='0') -%}
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
    {{ precedence }}::integer as precedence,
    list_concat(flags, message_flags) as flags
{%- endmacro %}

{#-
  The landed parts of one kind (files, records or rejected) as a relation with the given columns;
  an empty relation where nothing has landed.

  kind: the first word of the parts' file names
  columns: a list of [name, type]
-#}
{% macro landed(kind, columns) -%}
    {%- set folder = landing_folder() | replace('[', '[[]') | replace('*', '[*]') | replace('?', '[?]') -%}
    {%- set pattern = folder ~ '/*/' ~ kind ~ '-*.parquet' -%}
    {%- set parts = 0 -%}
    {%- if execute -%}
        {%- set parts = run_query(
            "select count(*) from glob(" ~ sql_text(pattern) ~ ")"
        ).columns[0].values()[0] -%}
    {%- endif -%}
    {%- if parts -%}
    select
        {%- for name, type in columns %}
        {{ name }}::{{ type }} as {{ name }}{{ "," if not loop.last }}
        {%- endfor %}
    from {{ read_parts(pattern) }}
    {%- else -%}
    select
        {%- for name, type in columns %}
        null::{{ type }} as {{ name }}{{ "," if not loop.last }}
        {%- endfor %}
    where false
    {%- endif -%}
{%- endmacro %}

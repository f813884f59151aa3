{#- The place of a row in the table that is read: rows of near places are stored together. -#}
{% macro row_place() -%}
    rowid
{%- endmacro %}

{#- Whether two values differ, null being a value like any other. -#}
{% macro is_distinct(left, right) -%}
    {{ left }} is distinct from {{ right }}
{%- endmacro %}

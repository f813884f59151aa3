{#- Whether a value is one of a list of names, which a var may leave empty. -#}
{% macro is_one_of(value, names) -%}
    ({{ value }} in (
        {%- for name in ['none'] + names -%}
            {{ sql_text(name) }}{{ ', ' if not loop.last }}
        {%- endfor -%}
    ))
{%- endmacro %}

{#- A struct literal from a list of [name, expression]. -#}
{% macro struct_of(fields) -%}
    struct_pack(
        {%- for name, expression in fields %}
        "{{ name }}" := {{ expression }}{{ "," if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}

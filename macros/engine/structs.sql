{#- A struct literal from a list of [name, expression]. -#}
{% macro struct_of(fields) -%}
    struct_pack(
        {%- for name, expression in fields %}
        "{{ name }}" := {{ expression }}{{ "," if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}

{#- An aggregate: a map from the keys to the values of the rows for which `condition` holds. -#}
{% macro mapped(key, value, condition) -%}
    map_from_entries(list({{ struct_of([['key', key], ['value', value]]) }}) filter (where {{ condition }}))
{%- endmacro %}

{#- List functions. `expression` is SQL over the names given for the element and its position. -#}

{#- The list of `expression` over each element; `position` (from 1) is optional. -#}
{% macro list_map(list, element, expression, position=none) -%}
    list_transform(
        {{ list }},
        lambda {{ element }}{{ ', ' ~ position if position }}: {{ expression }}
    )
{%- endmacro %}

{#- The elements for which `condition` holds. -#}
{% macro list_where(list, element, condition, position=none) -%}
    list_filter(
        {{ list }},
        lambda {{ element }}{{ ', ' ~ position if position }}: {{ condition }}
    )
{%- endmacro %}

{#- One value from a list, folded from the left, starting with `initial`. -#}
{% macro list_fold(list, accumulator, element, expression, initial) -%}
    list_reduce(
        {{ list }},
        lambda {{ accumulator }}, {{ element }}: {{ expression }},
        {{ initial }}
    )
{%- endmacro %}

{#- A list of lists as one list. -#}
{% macro list_flat(list) -%}
    flatten({{ list }})
{%- endmacro %}

{#- A list of texts as one text. -#}
{% macro list_join(list, separator="''") -%}
    array_to_string({{ list }}, {{ separator }})
{%- endmacro %}

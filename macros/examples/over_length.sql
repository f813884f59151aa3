{#- What becomes of rows that are longer than var max_length: filter, cut or split. -#}
{% macro over_length() -%}
    {%- set choice = var('over_length') -%}
    {%- if choice not in ('filter', 'cut', 'split') -%}
        {%- do exceptions.raise_compiler_error(
            "over_length is '" ~ choice ~ "'; it is one of filter, cut, split"
        ) -%}
    {%- endif -%}
    {{ return(choice) }}
{%- endmacro %}

{#- The tokens that a row may have at most, null where any number may. -#}
{% macro max_length() -%}
    {%- set limit = var('max_length') -%}
    {%- if limit is not none and (limit is not integer or limit < 1) -%}
        {%- do exceptions.raise_compiler_error(
            "max_length is '" ~ limit ~ "'; it is a number of tokens, or null"
        ) -%}
    {%- endif -%}
    {{ return('null' if limit is none else limit) }}
{%- endmacro %}

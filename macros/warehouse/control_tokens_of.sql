{#- What becomes of text of a family that would turn into control tokens, as SQL. -#}
{% macro control_tokens_of(family) -%}
    case {{ family }}
        {%- for name, policy in var('control_tokens_by_family').items() %}
        when '{{ name }}' then '{{ policy }}'
        {%- endfor %}
        else '{{ var("control_tokens") }}'
    end
{%- endmacro %}

{#- The names in a JSON list of tool schemas, whether or not each is wrapped in `function`. -#}
{% macro declared_tools(tools) -%}
    {{ list_map(
        json_parse(tools, '["JSON"]'),
        'tool',
        "coalesce(" ~ json_text_at('tool', "'$.function.name'") ~ ", "
        ~ json_text_at('tool', "'$.name'") ~ ")"
    ) }}
{%- endmacro %}

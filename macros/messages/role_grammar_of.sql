{#- The name of the grammar that a dataset is held to (vars role_grammar, role_grammar_by_dataset). -#}
{% macro role_grammar_of(dataset) -%}
    {%- set exceptions = var('role_grammar_by_dataset') -%}
    {%- if exceptions -%}
    case {{ dataset }}
        {%- for name, grammar in exceptions.items() %}
        when '{{ name | replace("'", "''") }}' then '{{ grammar }}'
        {%- endfor %}
        else '{{ var("role_grammar") }}'
    end
    {%- else -%}
    '{{ var("role_grammar") }}'
    {%- endif -%}
{%- endmacro %}

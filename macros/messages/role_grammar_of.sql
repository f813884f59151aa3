{#-
  The name of the grammar that a trajectory is held to: its dataset's (var role_grammar_by_dataset),
  or its family's (role_grammar_by_family), or everybody's (role_grammar).
-#}
{% macro role_grammar_of(dataset, family) -%}
    case
        {%- for name, grammar in var('role_grammar_by_dataset').items() %}
        when {{ dataset }} = {{ sql_text(name) }} then {{ sql_text(grammar) }}
        {%- endfor %}
        {%- for name, grammar in var('role_grammar_by_family').items() %}
        when {{ family }} = {{ sql_text(name) }} then {{ sql_text(grammar) }}
        {%- endfor %}
        else {{ sql_text(var('role_grammar')) }}
    end
{%- endmacro %}

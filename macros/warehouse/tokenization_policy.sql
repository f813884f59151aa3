{#-
  How the conversations of a family become tokens, as a SQL text that holds JSON; see
  `udfs/tokens/policy.py`.
-#}
{% macro tokenization_policy(family) -%}
    {%- set policy = {} -%}
    {%- for name in [
        'control_tokens', 'role_header', 'thinking', 'trained_parts', 'loss_weights', 'chat_template'
    ] -%}
        {%- if var(name) is not none -%}
            {%- do policy.update({name: var(name)}) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if var('template_date') is not none -%}
        {%- do policy.update({'template_date': var('template_date') | string}) -%}
    {%- endif -%}
    case {{ family }}
        {%- for name, choice in var('control_tokens_by_family').items() %}
        when {{ sql_text(name) }} then {{ sql_text(tojson(dict(policy, control_tokens=choice))) }}
        {%- endfor %}
        else {{ sql_text(tojson(policy)) }}
    end
{%- endmacro %}

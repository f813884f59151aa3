{#-
  A role by its common name: white space and capitals off, `developer` is system, `function` is tool.
  A role that is not known stays, for the role grammar to reject; so do the names of our own roles,
  which no source message may take.
-#}
{% macro source_role(text) -%}
    {%- set role -%}
        lower({{ without_outer_space(text) }})
    {%- endset -%}
    case
        when {{ role }} = 'developer' then 'system'
        when {{ role }} = 'function' then 'tool'
        when {{ role }} in ('reasoning', 'commentary', 'tool_call', 'tool_output', 'answer')
            then 'source ' || {{ role }}
        else {{ role }}
    end
{%- endmacro %}

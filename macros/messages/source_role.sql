{#-
  A role by its common name: spaces and capitals off, `developer` is system, `function` is tool. A
  role that is not known stays, for the role grammar to reject.
-#}
{% macro source_role(text) -%}
    case lower(trim({{ text }}))
        when 'developer' then 'system'
        when 'function' then 'tool'
        else lower(trim({{ text }}))
    end
{%- endmacro %}

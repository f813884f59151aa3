{#-
  The tools of a rollout: those that its system message shows, which the model saw; or the record's;
  or the three of the environment (seed rlvr_tools). A published row whose system message shows none
  in a form that we know is left without: it says in its own words what the tools are.
-#}
{% macro rlvr_tools(system_text, tools, is_six_role) -%}
    coalesce(
        {{ six_role_tools(system_text) }},
        {{ tools }},
        case
            when not {{ is_six_role }}
                then '[' || (
                    select string_agg(tool, ', ' order by position) from {{ ref('rlvr_tools') }}
                ) || ']'
        end
    )
{%- endmacro %}

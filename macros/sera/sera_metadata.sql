{#-
  A record's metadata with teacher, scale and rollout as the warehouse knows them, and with the patch
  that a submit printed where the record has none of its own; without a `.traj` file's `trajectory`,
  which repeats its history.
-#}
{% macro sera_metadata(metadata, teacher, scale, rollout, printed_patch) -%}
    {%- set patch -%}
        coalesce({{ sera_own_patch(metadata) }}, {{ printed_patch }})
    {%- endset -%}
    nullif({{ json_patched(
        "coalesce(" ~ metadata ~ ", '{}')",
        "'{\"trajectory\": null, \"teacher\": ' || coalesce(" ~ as_json(teacher)
        ~ "::varchar, 'null') || ', \"scale\": ' || coalesce(" ~ as_json(scale)
        ~ "::varchar, 'null') || ', \"rollout\": ' || coalesce(" ~ as_json(rollout)
        ~ "::varchar, 'null') || ', \"model_patch\": ' || coalesce(" ~ as_json(patch)
        ~ "::varchar, 'null') || '}'"
    ) }}::varchar, '{}')
{%- endmacro %}

{#- The patch that a record says it made; empty where it says that it made none. -#}
{% macro sera_own_patch(metadata) -%}
    {%- set said = [] -%}
    {%- set made = [] -%}
    {%- for field in ['rollout_patch', 'info.submission', 'submission', 'model_patch', 'patch'] -%}
        {%- set patch = json_text_at(metadata, "'$." ~ field ~ "'") -%}
        {%- do said.append(patch) -%}
        {%- do made.append('nullif(' ~ patch ~ ", '')") -%}
    {%- endfor -%}
    coalesce({{ (made + said) | join(', ') }})
{%- endmacro %}

{#- The tools that a published system message shows, where they are a JSON list. -#}
{% macro sera_published_tools(published_messages) -%}
    {%- set shown = six_role_tools(published_messages ~ '[1].content') -%}
    case
        when starts_with({{ shown }}, '[') and {{ is_json(shown) }} then {{ canonical_json(shown) }}
    end
{%- endmacro %}

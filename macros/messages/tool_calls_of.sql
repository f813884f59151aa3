{#-
  The calls in a JSON list of OpenAI `tool_calls`, as (name, arguments, call_id). Arguments come as a
  JSON string or as an object; both become one canonical text. A call without an id gets one from its
  turn, so that its output can be paired with it.
-#}
{% macro tool_calls_of(tool_calls, turn_number) -%}
    {%- set arguments -%}
        {{ first_json_at('raw_call', "['$.function.arguments', '$.arguments', '$.parameters', '$.input', '$.args']") }}
    {%- endset -%}
    {%- set name -%}
        coalesce(
            {{ json_text_at('raw_call', "'$.function.name'") }},
            {{ json_text_at('raw_call', "'$.name'") }}
        )
    {%- endset -%}
    {%- set call_id -%}
        coalesce(
            nullif({{ json_text_at('raw_call', "'$.id'") }}, ''),
            'call_' || {{ turn_number }} || case when call_number > 1 then '_' || call_number else '' end
        )
    {%- endset -%}
    {{ list_map(
        "case when " ~ json_kind(tool_calls) ~ " = 'ARRAY' then "
        ~ json_parse(tool_calls, '["JSON"]') ~ " else []::json[] end",
        'raw_call',
        struct_of([
            ['name', name], ['arguments', call_arguments(arguments)], ['call_id', call_id],
        ]),
        'call_number'
    ) }}
{%- endmacro %}

{#- Call arguments given as a JSON string or as JSON, in canonical form; none at all is `{}`. -#}
{% macro call_arguments(value) -%}
    {%- set text -%}
        coalesce({{ json_text(value) }}, '{}')
    {%- endset -%}
    {{ canonical_json(text) }}
{%- endmacro %}

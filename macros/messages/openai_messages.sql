{#- What is read from one OpenAI message. -#}
{% macro openai_message_shape() -%}
    {"role": "JSON", "content": "JSON", "name": "JSON", "reasoning_content": "JSON", "reasoning": "JSON", "tool_calls": "JSON", "tool_call_id": "JSON", "function_call": "JSON"}
{%- endmacro %}

{#- The reasoning that a field of a message holds; an empty one holds none. -#}
{% macro openai_reasoning(fields) -%}
    coalesce(
        nullif({{ content_text(fields ~ '.reasoning_content') }}, ''),
        nullif({{ content_text(fields ~ '.reasoning') }}, '')
    )
{%- endmacro %}

{#-
  What an OpenAI message holds beyond that, as JSON text; null where there is nothing. The name of an
  assistant is no tool's and stays here.
-#}
{% macro openai_message_extra(raw, fields) -%}
    {%- set read -%}
        "role": null, "content": null, "reasoning_content": null, "reasoning": null, "tool_calls": null, "tool_call_id": null, "function_call": null
    {%- endset -%}
    nullif({{ json_patched(
        raw,
        "case when " ~ source_role(json_text(fields ~ '.role')) ~ " = 'assistant' then '{" ~ read
        ~ "}' else '{" ~ read ~ ", \"name\": null}' end"
    ) }}::varchar, '{}')
{%- endmacro %}

{#- The calls of a message as one JSON list, the legacy `function_call` included. -#}
{% macro openai_calls(fields) -%}
    case
        when {{ json_kind(fields ~ '.function_call') }} = 'OBJECT'
            and coalesce({{ fields }}.tool_calls::varchar, '[]') in ('[]', 'null')
            then ('[' || {{ fields }}.function_call::varchar || ']')::json
        else {{ fields }}.tool_calls
    end
{%- endmacro %}

{#-
  The call that a tool's message answers; null where it does not say, and its place decides. A legacy
  `function` message answers the call of the message before it.
-#}
{% macro openai_output_id(fields, turn_number) -%}
    case lower({{ json_text(fields ~ '.role') }})
        when 'function' then 'call_' || ({{ turn_number }} - 1)
        when 'tool' then nullif({{ json_text(fields ~ '.tool_call_id') }}, '')
    end
{%- endmacro %}

{#-
  What a staging model reads from one message of `source_messages`, for `message_faults`,
  `message_flags` and `reasoning_taken_out`.

  text, odd_parts, has_parts: SQL, where a family reads contents otherwise
-#}
{% macro openai_message_read(source, turn_number, text=none, odd_parts=none, has_parts=none) -%}
    {%- set fields = source ~ '.fields' -%}
    {%- set calls = openai_calls(fields) -%}
    {{ struct_of([
        ['role', source_role(json_text(fields ~ '.role'))],
        ['text', text or content_text(fields ~ '.content')],
        ['reasoning', openai_reasoning(fields)],
        ['calls', tool_calls_of(calls, turn_number)],
        ['call_id', openai_output_id(fields, turn_number)],
        ['tool_name', json_text(fields ~ '.name')],
        ['extra', openai_message_extra(source ~ '.raw', fields)],
        ['role_text', json_text(fields ~ '.role')],
        ['kind', json_kind(source ~ '.raw')],
        ['odd_parts', odd_parts or unreadable_parts(fields ~ '.content')],
        ['calls_kind', 'coalesce(' ~ json_kind(calls) ~ ", 'NULL')"],
        ['has_parts', has_parts or json_kind(fields ~ '.content') ~ " = 'ARRAY'"],
    ]) }}
{%- endmacro %}

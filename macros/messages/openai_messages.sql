{#- What is read from one OpenAI message. -#}
{% macro openai_message_shape() -%}
    {"role": "JSON", "content": "JSON", "name": "JSON", "reasoning_content": "JSON", "reasoning": "JSON", "tool_calls": "JSON", "tool_call_id": "JSON", "function_call": "JSON"}
{%- endmacro %}

{#- What an OpenAI message holds beyond that, as JSON text; null where there is nothing. -#}
{% macro openai_message_extra(raw) -%}
    nullif({{ json_patched(
        raw,
        "'{\"role\": null, \"content\": null, \"name\": null, \"reasoning_content\": null, "
        ~ "\"reasoning\": null, \"tool_calls\": null, \"tool_call_id\": null, "
        ~ "\"function_call\": null}'"
    ) }}::varchar, '{}')
{%- endmacro %}

{#- The calls of a message as one JSON list, the legacy `function_call` included. -#}
{% macro openai_calls(fields) -%}
    coalesce(
        {{ fields }}.tool_calls,
        case
            when {{ fields }}.function_call is not null
                then ('[' || {{ fields }}.function_call::varchar || ']')::json
        end
    )
{%- endmacro %}

{#-
  The call that a tool's message answers. A legacy `function` message names none: it answers the call
  of the message before it.
-#}
{% macro openai_output_id(fields, turn_number) -%}
    case
        when {{ source_role(json_text(fields ~ '.role')) }} = 'tool'
            then coalesce({{ json_text(fields ~ '.tool_call_id') }}, 'call_' || ({{ turn_number }} - 1))
    end
{%- endmacro %}

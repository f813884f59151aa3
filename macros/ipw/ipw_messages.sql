{#- What is read from one message, whichever of its two dialects it is in. -#}
{% macro ipw_message_shape() -%}
    {"role": "JSON", "content": "JSON", "from": "JSON", "value": "JSON", "name": "JSON"}
{%- endmacro %}

{#- The role as the message says it, in either dialect. -#}
{% macro ipw_role_text(fields) -%}
    coalesce({{ json_text(fields ~ '.role') }}, {{ json_text(fields ~ '.from') }})
{%- endmacro %}

{#- A role by its common name: `human` is user, `gpt` and `model` are assistant, `observation` is tool. -#}
{% macro ipw_role(fields) -%}
    case {{ source_role(ipw_role_text(fields)) }}
        when 'human' then 'user'
        when 'gpt' then 'assistant'
        when 'observation' then 'tool'
        else {{ source_role(ipw_role_text(fields)) }}
    end
{%- endmacro %}

{#- The content, in either dialect, as JSON. -#}
{% macro ipw_content(fields) -%}
    case
        when coalesce({{ json_kind(fields ~ '.content') }}, 'NULL') = 'NULL' then {{ fields }}.value
        else {{ fields }}.content
    end
{%- endmacro %}

{#- What a message holds beyond that, as JSON text; null where there is nothing. Only a tool's name is read. -#}
{% macro ipw_message_extra(raw, fields) -%}
    nullif({{ json_patched(
        raw,
        "case when " ~ ipw_role(fields) ~ " = 'tool' or coalesce(" ~ json_kind(fields ~ '.name')
        ~ ", 'NULL') = 'NULL' then "
        ~ "'{\"role\": null, \"content\": null, \"from\": null, \"value\": null, \"name\": null}' else "
        ~ "'{\"role\": null, \"content\": null, \"from\": null, \"value\": null}' end"
    ) }}::varchar, '{}')
{%- endmacro %}

{#- What a staging model reads from one message of `source_messages`; a call is in the text. -#}
{% macro ipw_message_read(source) -%}
    {%- set fields = source ~ '.fields' -%}
    {%- set content = ipw_content(fields) -%}
    {{ struct_of([
        ['role', ipw_role(fields)],
        ['text', content_text(content)],
        ['tool_name', 'case when ' ~ ipw_role(fields) ~ " = 'tool' then "
            ~ json_text(fields ~ '.name') ~ ' end'],
        ['extra', ipw_message_extra(source ~ '.raw', fields)],
        ['role_text', ipw_role_text(fields)],
        ['kind', json_kind(source ~ '.raw')],
        ['odd_parts', unreadable_parts(content)],
        ['calls', '[]::struct(name varchar)[]'],
        ['calls_kind', "'NULL'"],
        ['has_parts', json_kind(content) ~ " = 'ARRAY'"],
    ]) }}
{%- endmacro %}

{#- One letter a message: a assistant, o output, x anything else. -#}
{% macro ipw_marks(read_messages) -%}
    coalesce({{ list_join(list_map(
        read_messages,
        'source',
        "case source.role when 'assistant' then 'a' when 'tool' then 'o' else 'x' end"
    )) }}, '')
{%- endmacro %}

{#-
  The text of an assistant's turn as the protocol has it.

  reasoning, answer: SQL texts or null
  calls: SQL for a list of structs with `name` and `arguments`
-#}
{% macro ipw_text(reasoning, calls, answer) -%}
    {%- set call_text -%}
        'TOOL: ' || call.name || coalesce(
            chr(10) || 'INPUT: ' || {{ json_text_at('call.arguments', "'$.input'") }}, ''
        )
    {%- endset -%}
    {{ list_join(
        "list_concat(case when " ~ reasoning ~ " is not null then ['THOUGHT: ' || " ~ reasoning
        ~ '] else []::varchar[] end, ' ~ list_map(calls, 'call', call_text) ~ ', case when ' ~ answer
        ~ " is not null then ['FINAL_ANSWER: ' || " ~ answer ~ '] else []::varchar[] end)',
        'chr(10)'
    ) }}
{%- endmacro %}

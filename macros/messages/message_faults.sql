{#-
  Why source messages cannot be read, as (reason, turn, detail), one for each message that cannot.

  read_messages: a list of structs with `kind` (JSON kind of the message), `odd_parts` (types of parts
  that are not text), `calls_kind` (JSON kind of its tool calls) and `calls`
-#}
{% macro message_faults(read_messages) -%}
    {%- set nameless = list_where('source.calls', 'call', "coalesce(call.name, '') = ''") -%}
    {%- set reason -%}
        case
            when coalesce(source.kind, 'NULL') != 'OBJECT' then 'message_not_object'
            when len(source.odd_parts) > 0 then 'unsupported_part'
            when source.calls_kind not in ('ARRAY', 'NULL') then 'tool_calls_malformed'
            when len({{ nameless }}) > 0 then 'tool_calls_malformed'
        end
    {%- endset -%}
    {%- set detail -%}
        case
            when coalesce(source.kind, 'NULL') != 'OBJECT'
                then 'of JSON type ' || coalesce(source.kind, 'NULL')
            when len(source.odd_parts) > 0 then {{ list_join('source.odd_parts', "', '") }}
            when source.calls_kind not in ('ARRAY', 'NULL')
                then 'tool_calls of JSON type ' || source.calls_kind
            else 'a call without a function name'
        end
    {%- endset -%}
    {{ list_where(
        list_map(read_messages, 'source', struct_of([
            ['reason', reason],
            ['turn', 'turn_number::integer'],
            ['detail', detail],
        ]), 'turn_number'),
        'fault',
        'fault.reason is not null'
    ) }}
{%- endmacro %}

{#- What was normalised while messages were read, as flags of the trajectory. -#}
{% macro message_flags(read_messages) -%}
    list_concat(
        case
            when len({{ list_where(
                read_messages, 'source', 'source.role is distinct from source.role_text'
            ) }}) > 0 then ['role_normalized']
            else []::varchar[]
        end,
        case
            when len({{ list_where(read_messages, 'source', 'source.has_parts') }}) > 0
                then ['text_parts']
            else []::varchar[]
        end
    )
{%- endmacro %}

{#- Why a message cannot be read, as (reason, detail); null where it can. -#}
{% macro message_fault(raw, content, tool_calls) -%}
    {%- set parts = unreadable_parts(content) -%}
    case
        when {{ json_kind(raw) }} != 'OBJECT' then {{ struct_of([
            ['reason', "'message_not_object'"],
            ['detail', json_kind(raw)],
        ]) }}
        when len({{ parts }}) > 0 then {{ struct_of([
            ['reason', "'unsupported_part'"],
            ['detail', list_join(parts, "', '")],
        ]) }}
        when {{ json_kind(tool_calls) }} not in ('ARRAY', 'NULL') then {{ struct_of([
            ['reason', "'tool_calls_malformed'"],
            ['detail', "'tool_calls is of type ' || " ~ json_kind(tool_calls)],
        ]) }}
        when len({{ list_where(
            tool_calls_of(tool_calls, '0'), 'made_call', "coalesce(made_call.name, '') = ''"
        ) }}) > 0 then {{ struct_of([
            ['reason', "'tool_calls_malformed'"],
            ['detail', "'a call without a function name'"],
        ]) }}
    end
{%- endmacro %}

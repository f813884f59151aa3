{#- The faults found while messages were read, as (reason, turn, detail). -#}
{% macro message_faults(read_messages) -%}
    {{ list_where(
        list_map(read_messages, 'source', struct_of([
            ['reason', 'source.fault.reason'],
            ['turn', 'turn_number::integer'],
            ['detail', 'source.fault.detail'],
        ]), 'turn_number'),
        'fault',
        'fault.reason is not null'
    ) }}
{%- endmacro %}

{#- What was normalised while messages were read, as flags of the trajectory. -#}
{% macro message_flags(read_messages) -%}
    list_concat(
        case
            when len({{ list_where(read_messages, 'source', 'source.is_role_rewritten') }}) > 0
                then ['role_normalized']
            else []::varchar[]
        end,
        case
            when len({{ list_where(read_messages, 'source', 'source.has_parts') }}) > 0
                then ['text_parts']
            else []::varchar[]
        end
    )
{%- endmacro %}

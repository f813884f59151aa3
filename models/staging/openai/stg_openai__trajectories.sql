-- Grain: one landed record of OpenAI chat messages, its messages made canonical.
with

records as (
    select * from {{ ref('stg_records__located') }}
    where family = 'openai'
),

messages_parsed as (
    select
        *,
        {{ list_map(
            json_parse('messages_text', '["JSON"]'),
            'raw_message',
            struct_of([
                ['raw', 'raw_message'],
                ['fields', json_parse('raw_message', openai_message_shape())],
            ])
        ) }} as source_messages
    from records
),

messages_read as (
    select
        *,
        {{ list_map('source_messages', 'source', struct_of([
            ['role', source_role(json_text('source.fields.role'))],
            ['text', content_text('source.fields.content')],
            ['reasoning', openai_reasoning('source.fields')],
            ['calls', tool_calls_of(openai_calls('source.fields'), 'turn_number')],
            ['call_id', openai_output_id('source.fields', 'turn_number')],
            ['tool_name', json_text('source.fields.name')],
            ['extra', openai_message_extra('source.raw', 'source.fields')],
            ['role_text', json_text('source.fields.role')],
            ['kind', json_kind('source.raw')],
            ['odd_parts', unreadable_parts('source.fields.content')],
            ['calls_kind', "coalesce(" ~ json_kind(openai_calls('source.fields')) ~ ", 'NULL')"],
            ['has_parts', json_kind('source.fields.content') ~ " = 'ARRAY'"],
        ]), 'turn_number') }} as read_messages
    from messages_parsed
),

turns_made as (
    select
        *,
        {{ list_map('read_messages', 'source', reasoning_taken_out('source')) }} as turns
    from messages_read
),

canonical as (
    select
        *,
        {{ canonical_messages('turns') }} as messages,
        {{ message_faults('read_messages') }} as faults,
        {{ message_flags('read_messages') }} as message_flags
    from turns_made
),

final as (
    select {{ staged_columns() }}
    from canonical
)

select * from final

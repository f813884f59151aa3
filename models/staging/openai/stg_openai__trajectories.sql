-- Grain: one landed record of OpenAI chat messages, its messages made canonical.
with

records as (
    select * from {{ ref('stg_records__located') }}
    where family = 'openai'
),

messages_parsed as (
    select
        *,
        {{ source_messages(
            json_parse('messages_text', '["JSON"]'),
            openai_message_shape()
        ) }} as source_messages
    from records
),

messages_read as (
    select
        *,
        {{ list_map(
            'source_messages',
            'source',
            openai_message_read('source', 'turn_number'),
            'turn_number'
        ) }} as read_messages
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

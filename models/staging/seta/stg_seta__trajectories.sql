-- Grain: one landed trial of a terminal agent, a directory or a published row, made canonical. Its
-- conversation is what the largest snapshot requested and the message of its response; what a
-- published row holds beside it (tokens, masks, counts) is computed anew and not kept.
with

records as (
    select * from {{ ref('stg_records__located') }}
    where family = 'seta'
),

snapshots_parsed as (
    select
        *,
        {{ json_parse('messages_text', seta_snapshot_shape()) }} as snapshot
    from records
),

messages_parsed as (
    select
        *,
        {{ source_messages(
            seta_source_messages('snapshot'),
            openai_message_shape()
        ) }} as source_messages
    from snapshots_parsed
),

messages_read as (
    select
        *,
        {{ list_map('source_messages', 'source', openai_message_read(
            'source',
            'turn_number',
            text='coalesce(' ~ content_text('source.fields.content') ~ ", '')"
        ), 'turn_number') }} as read_messages
    from messages_parsed
),

turns_made as (
    select
        *,
        {{ list_map('read_messages', 'source', reasoning_taken_out('source')) }} as turns,
        {{ seta_reward('metadata', 'reward') }} as verdict
    from messages_read
),

canonical as (
    select
        * replace (
            coalesce(task_id, {{ seta_task('source_id', 'metadata') }}) as task_id,
            coalesce(model, {{ json_text('snapshot.model') }}) as model,
            verdict as reward,
            verdict = 1.0 as success,
            coalesce(tools, {{ seta_declared_tools('snapshot') }}) as tools,
            {{ seta_metadata('metadata', 'messages_text', 'snapshot', 'source_messages') }}
                as metadata
        ),
        {{ canonical_messages('turns') }} as messages,
        list_concat(
            {{ seta_faults('messages_text', 'verdict') }},
            coalesce({{ message_faults('read_messages') }}, [])
        ) as faults,
        list_concat(
            {{ message_flags('read_messages') }}, {{ seta_flags('snapshot', 'metadata') }}
        ) as message_flags
    from turns_made
),

final as (
    select {{ staged_columns(seta_precedence('metadata', 'source_messages')) }}
    from canonical
)

select * from final

-- Grain: one landed rollout as it was recorded, its messages made canonical: a chat with tool
-- calls, or the published six-role form. A table, for the replay reads it and the trajectories do.
{{ config(materialized='table') }}

with

records as (
    select * from {{ ref('stg_records__located') }}
    where family = 'rlvr'
),

forms_told as (
    select
        *,
        {{ is_six_role('messages_text') }} as is_six_role
    from records
),

messages_parsed as (
    select
        *,
        case
            when is_six_role then {{ json_parse('messages_text', six_role_shape()) }}
        end as tagged_messages,
        {{ source_messages(
            'case when not is_six_role then ' ~ json_parse('messages_text', '["JSON"]') ~ ' end',
            openai_message_shape()
        ) }} as source_messages
    from forms_told
),

messages_read as (
    select
        *,
        {{ six_role_starts('tagged_messages') }} as turn_marks,
        {{ list_map('source_messages', 'source', openai_message_read(
            'source',
            'turn_number',
            text=rlvr_text('source.fields'),
            odd_parts=rlvr_unreadable_parts('source.fields'),
            has_parts=rlvr_has_parts('source.fields')
        ), 'turn_number') }} as read_messages
    from messages_parsed
),

reasoning_separated as (
    select
        *,
        {{ list_map('read_messages', 'source', reasoning_taken_out('source')) }} as separate_turns
    from messages_read
),

turns_made as (
    select
        *,
        {{ list_map(
            'separate_turns',
            'source',
            rlvr_strict_turn('separate_turns', 'source', 'turn_number'),
            'turn_number'
        ) }} as turns
    from reasoning_separated
),

canonical as (
    select
        * replace (
            {{ rlvr_tools(
                'coalesce(tagged_messages[1].content, '
                ~ content_text('source_messages[1].fields.content') ~ ')',
                'tools',
                'is_six_role'
            ) }} as tools
        ),
        case
            when is_six_role then {{ six_role_messages('tagged_messages', 'turn_marks') }}
            else {{ canonical_messages('turns') }}
        end as messages,
        list_concat(
            {{ rlvr_key_faults('source_id') }},
            case
                when is_six_role then {{ six_role_faults('tagged_messages', 'turn_marks') }}
                else {{ message_faults('read_messages') }}
            end
        ) as faults,
        list_concat(
            coalesce({{ message_flags('read_messages') }}, []::varchar[]),
            case
                when len({{ list_where(
                    'separate_turns', 'source', rlvr_has_commentary('source')
                ) }}) > 0 then ['commentary_folded']
                else []::varchar[]
            end
        ) as message_flags
    from turns_made
),

final as (
    select
        * exclude (
            is_six_role,
            messages_text,
            tagged_messages,
            source_messages,
            turn_marks,
            read_messages,
            separate_turns,
            turns
        )
    from canonical
)

select * from final  -- noqa: AM04

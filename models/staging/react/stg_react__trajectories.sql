-- Grain: one landed ReAct episode, as messages or as one text, its Thought, Action and Observation
-- made canonical. Of several actions in one turn the first was carried out.
with

records as (
    select * from {{ ref('stg_records__located') }}
    where family = 'react'
),

texts_cut as (
    select
        *,
        {{ keyword_cut(
            'text',
            react_is_by_line('text'),
            react_by_line(react_episode_words()),
            react_anywhere(react_episode_words())
        ) }} as episode_cut
    from records
),

pieces_found as (
    select
        *,
        {{ react_pieces('episode_cut') }} as pieces
    from texts_cut
),

messages_parsed as (
    select
        *,
        {{ react_piece_starts('pieces') }} as piece_starts,
        {{ source_messages(
            json_parse('messages_text', '["JSON"]'),
            ipw_message_shape()
        ) }} as source_messages
    from pieces_found
),

messages_read as (
    select
        *,
        case
            when messages_text is null and text is not null
                then {{ react_text_messages('pieces', 'piece_starts', 'question') }}
            else {{ list_map('source_messages', 'source', ipw_message_read('source')) }}
        end as read_messages
    from messages_parsed
),

turns_cut as (
    select
        *,
        {{ react_marks('read_messages') }} as marks,
        {{ list_map('read_messages', 'source', react_cut('source')) }} as cuts
    from messages_read
),

sections_named as (
    select
        *,
        {{ list_map('cuts', 'cut', react_sections('cut')) }} as sections
    from turns_cut
),

lettered as (
    select
        *,
        {{ keyword_letters('sections') }} as letters
    from sections_named
),

drafted as (
    select
        *,
        {{ keyword_drafts('cuts', 'sections', 'letters', 'marks') }} as drafts
    from lettered
),

decided as (
    select
        * replace (
            {{ list_map('drafts', 'draft', react_decided('draft')) }} as drafts
        )
    from drafted
),

planned as (
    select
        *,
        {{ keyword_plans('read_messages', 'drafts', 'sections') }} as plans
    from decided
),

spoken as (
    select
        *,
        {{ list_map('read_messages', 'source', react_spoken(
            'source', 'read_messages', 'plans', 'marks', 'turn_number'
        ), 'turn_number') }} as spoken_messages
    from planned
),

turns_made as (
    select
        *,
        {{ list_where(
            list_map('spoken_messages', 'source', keyword_turn(
                'source',
                'plans[turn_number]',
                'plans',
                'marks',
                'turn_number',
                react_text('plans[turn_number]')
            ), 'turn_number'),
            'read_turn',
            'turn_number < len(marks) or not ' ~ react_has_epilogue('plans', 'marks'),
            'turn_number'
        ) }} as turns
    from spoken
),

canonical as (
    select
        * replace (
            coalesce(
                success, case reward when 1 then true when 0 then false end
            ) as success,
            {{ react_metadata('metadata', 'messages_text', 'pieces', 'question', 'text') }}
                as metadata
        ),
        {{ canonical_messages('turns') }} as messages,
        list_concat(
            {{ message_faults('read_messages') }},
            {{ keyword_faults('plans', 'marks') }}
        ) as faults,
        list_concat(
            {{ message_flags('read_messages') }},
            {{ keyword_flags('plans', 'turns', 'marks') }}
        ) as message_flags
    from turns_made
),

final as (
    select {{ staged_columns() }}
    from canonical
)

select * from final

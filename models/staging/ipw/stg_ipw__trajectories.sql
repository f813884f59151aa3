-- Grain: one landed trajectory of an orchestrator, its THOUGHT, TOOL, INPUT and FINAL_ANSWER made
-- canonical. The records of one sample by several teachers are several trajectories.
with

records as (
    select * from {{ ref('stg_records__located') }}
    where family = 'ipw'
),

messages_parsed as (
    select
        *,
        {{ source_messages(
            json_parse('messages_text', '["JSON"]'),
            ipw_message_shape()
        ) }} as source_messages
    from records
),

messages_read as (
    select
        *,
        {{ list_map('source_messages', 'source', ipw_message_read('source')) }} as read_messages
    from messages_parsed
),

texts_cut as (
    select
        *,
        {{ ipw_marks('read_messages') }} as marks,
        {{ list_map('read_messages', 'source', ipw_cut('source')) }} as cuts
    from messages_read
),

capitals_found as (
    select
        *,
        {{ list_map('cuts', 'cut', ipw_first_capital('cut')) }} as first_capitals
    from texts_cut
),

sections_named as (
    select
        *,
        {{ list_map('cuts', 'cut', ipw_sections(
            'cut', 'first_capitals[turn_number]'
        ), 'turn_number') }} as sections
    from capitals_found
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
            {{ list_map('drafts', 'draft', ipw_decided(
                'draft', 'sections[turn_number]', 'read_messages[turn_number + 1]'
            ), 'turn_number') }} as drafts
        )
    from drafted
),

planned as (
    select
        *,
        {{ keyword_plans('read_messages', 'drafts', 'sections') }} as plans
    from decided
),

turns_made as (
    select
        *,
        {{ list_map('read_messages', 'source', keyword_turn(
            'source',
            'plans[turn_number]',
            'plans',
            'marks',
            'turn_number',
            ipw_text(
                'plans[turn_number].reasoning',
                'plans[turn_number].calls',
                'plans[turn_number].answer'
            )
        ), 'turn_number') }} as turns
    from planned
),

canonical as (
    select
        * replace (
            {{ ipw_source_id('task_id', 'model') }} as source_id
        ),
        {{ canonical_messages('turns') }} as messages,
        list_concat(
            {{ message_faults('read_messages') }},
            {{ keyword_faults('plans', 'marks') }},
            {{ ipw_record_faults('task_id') }}
        ) as faults,
        list_concat(
            {{ message_flags('read_messages') }},
            {{ keyword_flags('plans', 'turns', 'marks') }}
        ) as message_flags
    from turns_made
),

final as (
    select {{ staged_columns('case when success then 0 else 1 end') }}
    from canonical
)

select * from final

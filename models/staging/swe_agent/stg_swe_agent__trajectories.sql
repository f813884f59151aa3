-- Grain: one landed SWE-agent trajectory, a `.traj` file or a row of messages, made canonical. An
-- action that older layouts wrote into the text becomes a call, and the user message that answers
-- it the call's output, so that all layouts train alike.
with

records as (
    select * from {{ ref('stg_records__located') }}
    where family = 'swe_agent'
),

messages_parsed as (
    select
        *,
        {{ source_messages(
            json_parse('messages_text', '["JSON"]'),
            swe_agent_message_shape()
        ) }} as source_messages
    from records
),

messages_read as (
    select
        *,
        {{ list_map('source_messages', 'source', struct_of([
            ['role', source_role(json_text('source.fields.role'))],
            ['text', content_text('source.fields.content')],
            ['thought', json_text('source.fields.thought')],
            ['action', json_text('source.fields.action')],
            ['message_type', json_text('source.fields.message_type')],
            ['thinking', 'coalesce(' ~ swe_agent_thinking('source.fields.thinking_blocks')
                ~ ', ' ~ json_text('source.fields.reasoning_content') ~ ')'],
            ['calls', tool_calls_of('source.fields.tool_calls', 'turn_number')],
            ['call_id', swe_agent_output_id('source.fields')],
            ['tool_name', json_text('source.fields.name')],
            ['extra', swe_agent_message_extra('source.raw')],
            ['role_text', json_text('source.fields.role')],
            ['kind', json_kind('source.raw')],
            ['odd_parts', unreadable_parts('source.fields.content')],
            ['calls_kind', "coalesce(" ~ json_kind('source.fields.tool_calls') ~ ", 'NULL')"],
            ['has_parts', json_kind('source.fields.content') ~ " = 'ARRAY'"],
        ]), 'turn_number') }} as read_messages
    from messages_parsed
),

actions_found as (
    select
        *,
        {{ list_map('read_messages', 'source', swe_agent_layout('source')) }} as layouts
    from messages_read
),

texts_split as (
    select
        *,
        {{ list_map('read_messages', 'source', struct_of([
            ['role', swe_agent_turn_role('source', 'layouts', 'turn_number')],
            ['text', swe_agent_text('source', 'layouts[turn_number]')],
            ['reasoning', 'source.thinking'],
            ['calls', swe_agent_calls('source', 'layouts[turn_number]', 'turn_number')],
            ['call_id', swe_agent_call_id('source', 'layouts', 'turn_number')],
            ['tool_name', 'source.tool_name'],
            ['extra', 'source.extra'],
        ]), 'turn_number') }} as split_messages
    from actions_found
),

turns_made as (
    select
        *,
        {{ list_map('split_messages', 'source', reasoning_taken_out('source')) }} as turns
    from texts_split
),

canonical as (
    select
        * replace (
            coalesce(task_id, {{ swe_agent_task_in_path('source_file') }}) as task_id,
            coalesce(model, {{ swe_agent_model_in_replay('metadata') }}) as model,
            nullif({{ json_without('metadata', "['$.trajectory']") }}, '{}') as metadata
        ),
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

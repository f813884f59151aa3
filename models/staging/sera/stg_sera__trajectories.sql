-- Grain: one landed SERA trajectory, made canonical in six roles: a raw SWE-agent rollout is
-- converted, the published form is read back.
with

records as (
    select * from {{ ref('stg_records__located') }}
    where family = 'sera'
),

sources as (
    select * from {{ ref('sera_sources') }}
),

fillers as (
    select list(text order by number) as fillers
    from {{ ref('reasoning_fillers') }}
),

tool_schemas as (
    select '[' || {{ list_join('list(schema order by position)', "', '") }} || ']' as usual_tools
    from {{ ref('sera_tools') }}
),

attributed as (
    select
        records.*,
        fillers.fillers,
        tool_schemas.usual_tools,
        coalesce({{ json_text_at('records.metadata', "'$.teacher'") }}, sources.teacher) as teacher,
        coalesce({{ json_text_at('records.metadata', "'$.scale'") }}, sources.scale) as scale,
        coalesce({{ json_text_at('records.metadata', "'$.rollout'") }}, sources.rollout) as rollout,
        coalesce(records.task_id, {{ swe_agent_task_in_path('records.source_file') }})
            as instance_id,
        coalesce(
            {{ json_text_at('records.metadata', "'$.info.exit_status'") }},
            {{ json_text_at('records.metadata', "'$.exit_status'") }}
        ) as exit_status
    from records
    cross join fillers
    cross join tool_schemas
    left join sources
        on ends_with(lower(records.dataset), lower(split_part(sources.source_dataset, '/', -1)))
),

messages_parsed as (
    select
        *,
        case
            when teacher is null or scale is null or rollout is null or instance_id is null
                then source_id
            else teacher || '/' || scale || '/' || rollout || '/' || instance_id
        end as own_key,
        {{ source_messages(
            json_parse('messages_text', '["JSON"]'),
            sera_message_shape()
        ) }} as all_messages
    from attributed
),

forms_told_apart as (
    select
        * exclude (all_messages),
        {{ sera_is_published('all_messages') }} as is_published,
        case when {{ sera_is_published('all_messages') }} then [] else all_messages end
            as source_messages,
        case
            when {{ sera_is_published('all_messages') }}
                then {{ json_parse('messages_text', six_role_shape()) }}
            else []
        end as published_messages
    from messages_parsed
),

messages_read as (
    select
        * exclude (source_messages),
        {{ six_role_starts('published_messages') }} as turn_marks,
        {{ list_map('source_messages', 'source', struct_of([
            ['role', source_role(json_text('source.fields.role'))],
            ['text', content_text('source.fields.content')],
            ['thought', content_text('source.fields.thought')],
            ['action', json_text('source.fields.action')],
            ['message_type', json_text('source.fields.message_type')],
            ['is_demo', "coalesce(" ~ json_text('source.fields.is_demo') ~ " = 'true', false)"],
            ['thinking', 'coalesce(' ~ swe_agent_thinking('source.fields.thinking_blocks')
                ~ ', ' ~ json_text('source.fields.reasoning_content') ~ ')'],
            ['calls', tool_calls_of('source.fields.tool_calls', 'turn_number')],
            ['call_id', swe_agent_output_id('source.fields')],
            ['extra', swe_agent_message_extra('source.raw')],
            ['role_text', json_text('source.fields.role')],
            ['kind', json_kind('source.raw')],
            ['odd_parts', unreadable_parts('source.fields.content')],
            ['calls_kind', "coalesce(" ~ json_kind('source.fields.tool_calls') ~ ", 'NULL')"],
            ['has_parts', json_kind('source.fields.content') ~ " = 'ARRAY'"],
        ]), 'turn_number') }} as read_messages
    from forms_told_apart
),

actions_found as (
    select
        *,
        {{ sera_layouts('read_messages') }} as layouts
    from messages_read
),

words_found as (
    select
        *,
        {{ list_map('read_messages', 'source', struct_of([
            ['words', "case when source.role = 'assistant' then "
                ~ sera_said('source', 'layouts[turn_number]') ~ ' end'],
            ['calls', swe_agent_calls('source', 'layouts[turn_number]', 'turn_number')],
            ['call_id', swe_agent_call_id('source', 'layouts', 'turn_number')],
        ]), 'turn_number') }} as spoken
    from actions_found
),

letters_found as (
    select
        *,
        {{ list_map(
            'read_messages',
            'source',
            sera_letter('source', 'spoken[turn_number].calls', 'layouts', 'turn_number'),
            'turn_number'
        ) }} as letters,
        {{ list_map('read_messages', 'source', struct_of([
            ['words', sera_thinking_opened('spoken[turn_number].words')],
            ['other_thinking', 'source.thinking'],
            ['other_text', "case when " ~ sera_is_submit('spoken[turn_number].calls') ~ ' then '
                ~ sera_other_text('source', 'layouts[turn_number]') ~ ' end'],
        ]), 'turn_number') }} as thoughts
    from words_found
),

thoughts_split as (
    select
        * replace (
            {{ list_map('thoughts', 'thought', struct_of([
                ['thinking', "case when " ~ sera_is_plain_thought('thought') ~ ' then '
                    ~ trimmed('thought.words') ~ ' else '
                    ~ sera_thinking('thought.words', 'thought.other_thinking') ~ ' end'],
                ['visible', "case when " ~ sera_is_plain_thought('thought') ~ ' then nullif('
                    ~ sera_visible('thought.other_text') ~ ', ' ~ trimmed('thought.words')
                    ~ ') else ' ~ sera_visible('thought.words') ~ ' end'],
            ])) }} as thoughts
        )
    from letters_found
),

parts_made as (
    select
        *,
        coalesce({{ list_join('letters') }}, '') as letter_path,
        {{ list_map('read_messages', 'source', struct_of([
            ['role', 'source.role'],
            ['text', 'source.text'],
            ['thinking', 'thoughts[turn_number].thinking'],
            ['visible', 'thoughts[turn_number].visible'],
            ['said', sera_reasoning([
                'thoughts[turn_number].thinking', 'thoughts[turn_number].visible',
            ])],
            ['argument', "case when letters[turn_number] = 'x' then "
                ~ sera_submit_argument('spoken[turn_number].calls') ~ ' end'],
            ['calls', 'spoken[turn_number].calls'],
            ['call_id', 'spoken[turn_number].call_id'],
            ['extra', 'source.extra'],
        ]), 'turn_number') }} as parts
    from thoughts_split
),

end_found as (
    select
        *,
        {{ sera_end('letter_path', sera_last_call('letter_path')) }} as end_position
    from parts_made
),

steps_found as (
    select
        *,
        {{ sera_steps('letters', 'end_position') }} as steps
    from end_found
),

steps_spelled as (
    select
        *,
        coalesce({{ list_join(list_map('steps', 'step_position', 'letters[step_position]')) }}, '')
            as step_path
    from steps_found
),

reasoning_found as (
    select
        *,
        {{ list_map(
            'steps',
            'step_position',
            sera_step_reasoning('steps', 'letters', 'parts', 'end_position', 'step_number'),
            'step_number'
        ) }} as reasonings
    from steps_spelled
),

converted as (
    select
        *,
        case
            when is_published then {{ sera_published_trimmed(
                six_role_messages('published_messages', 'turn_marks')
            ) }}
            else {{ sera_messages(
                'steps', 'reasonings', 'letters', 'parts', 'end_position', 'fillers',
                'coalesce(own_key, record_hash)'
            ) }}
        end as messages
    from reasoning_found
),

described as (
    select
        * replace (
            own_key as source_id,
            instance_id as task_id,
            coalesce(teacher, model) as model,
            coalesce(tools, {{ sera_published_tools('published_messages') }}, usual_tools) as tools,
            {{ sera_metadata(
                'metadata', 'teacher', 'scale', 'rollout', sera_submitted_patch('letters', 'parts')
            ) }} as metadata
        ),
        list_concat(
            {{ message_faults('read_messages') }},
            {{ six_role_faults('published_messages', 'turn_marks') }},
            {{ sera_argument_faults('messages') }},
            case
                when is_published then []
                else {{ sera_step_faults(
                    'steps', 'step_path', 'end_position', 'letter_path', 'parts', 'exit_status'
                ) }}
            end
        ) as faults,
        case
            when is_published then {{ sera_published_flags('messages', 'fillers') }}
            else list_concat(
                {{ message_flags('read_messages') }},
                {{ sera_step_flags(
                    'steps', 'step_path', 'reasonings', 'letters', 'letter_path', 'parts',
                    'end_position'
                ) }}
            )
        end as message_flags
    from converted
),

final as (
    select {{ staged_columns() }}
    from described
)

select * from final

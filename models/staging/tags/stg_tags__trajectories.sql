-- Grain: one landed trajectory of tagged text, made canonical: a chat or a ShareGPT conversation
-- whose assistant writes `<think>`, `<tool_call>` and `<answer>`, or the published six-role form.
-- The tools are those that the prompt shows, for the model saw those, whatever the record declares.
with

records as (
    select * from {{ ref('stg_records__located') }}
    where family = 'tags'
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
            tags_message_shape()
        ) }} as source_messages
    from forms_told
),

texts_read as (
    select
        *,
        {{ six_role_starts('tagged_messages') }} as turn_marks,
        {{ list_map('source_messages', 'source', struct_of([
            ['raw', 'source.raw'],
            ['role_text', 'coalesce(' ~ json_text('source.fields.role') ~ ', '
                ~ json_text('source.fields.from') ~ ')'],
            ['role', tags_role('coalesce(' ~ json_text('source.fields.role') ~ ', '
                ~ json_text('source.fields.from') ~ ')')],
            ['body', 'coalesce(source.fields.content, source.fields.value)'],
            ['text', content_text('coalesce(source.fields.content, source.fields.value)')],
            ['call_id', json_text('source.fields.tool_call_id')],
            ['tool_name', json_text('source.fields.name')],
            ['thought', openai_reasoning('source.fields')],
        ])) }} as texts
    from messages_parsed
),

pieces_found as (
    select
        *,
        {{ list_map('texts', 'source', struct_of([
            ['opened', "case when source.role = 'assistant' then "
                ~ think_opened('source.text') ~ ' end'],
            ['pieces', "case when source.role = 'assistant' then "
                ~ tag_pieces(think_opened('source.text')) ~ ' end'],
            ['is_bare_call', source_role('source.role_text') ~ " = 'function_call'"],
        ])) }} as tagged
    from texts_read
),

messages_read as (
    select
        *,
        {{ list_map('texts', 'source', struct_of([
            ['role', 'source.role'],
            ['role_text', 'case when lower(source.role_text) = source.role_text'
                ~ " and trim(source.role_text) = source.role_text then source.role"
                ~ ' else source.role_text end'],
            ['text', 'source.text'],
            ['visible', 'case when tagged[turn_number].is_bare_call then null'
                ~ " when source.role = 'assistant' then "
                ~ tagged_visible('tagged[turn_number].opened') ~ ' else source.text end'],
            ['reasoning', 'coalesce(nullif(' ~ list_join(
                tag_contents('tagged[turn_number].pieces', 'think'), 'chr(10) || chr(10)'
            ) ~ ", ''), source.thought)"],
            ['calls', tool_calls_of(written_calls(
                'case when tagged[turn_number].is_bare_call then [source.text] else coalesce('
                ~ tag_contents('tagged[turn_number].pieces', 'tool_call') ~ ', []) end'
            ), 'turn_number')],
            ['call_id', "nullif(source.call_id, '')"],
            ['tool_name', 'source.tool_name'],
            ['extra', tags_message_extra('source.raw')],
            ['fault', 'case when not tagged[turn_number].is_bare_call then '
                ~ tagged_fault('tagged[turn_number].opened') ~ ' end'],
            ['kind', json_kind('source.raw')],
            ['odd_parts', unreadable_parts('source.body')],
            ['calls_kind', "'ARRAY'"],
            ['has_parts', json_kind('source.body') ~ " = 'ARRAY'"],
        ]), 'turn_number') }} as read_messages
    from pieces_found
),

turns_made as (
    select
        *,
        {{ list_flat(list_map(
            'range(1, len(read_messages) + 1)',
            'source_number',
            tags_turns('read_messages', 'source_number')
        )) }} as turns,
        {{ list_where(
            list_map(
                'coalesce(' ~ list_map('tagged_messages', 'source', 'source.content') ~ ', '
                ~ list_map('texts', 'source', 'source.text') ~ ')[:2]',
                'prompt',
                six_role_tools('prompt')
            ),
            'shown',
            'shown is not null'
        ) }}[1] as shown_tools
    from messages_read
),

canonical as (
    select
        *,
        case
            when is_six_role then {{ six_role_messages('tagged_messages', 'turn_marks') }}
            else {{ canonical_messages('turns', 'source_turn.turn') }}
        end as messages,
        case
            when is_six_role then {{ six_role_faults('tagged_messages', 'turn_marks') }}
            else {{ tags_faults('read_messages') }}
        end as faults,
        shown_tools is not null and tools is not null
        and {{ tags_signatures('shown_tools') }} != {{ tags_signatures('tools') }} as is_disputed
    from turns_made
),

described as (
    select
        * replace (
            coalesce(shown_tools, {{ tags_declared('tools') }}) as tools,
            case
                when not is_disputed then metadata
                else {{ json_patched(
                    "coalesce(metadata, '{}')", "'{\"declared_tools\": ' || tools || '}'"
                ) }}::varchar
            end as metadata,
            coalesce(task_id, {{ tags_task('messages') }}) as task_id
        ),
        list_concat(
            coalesce({{ message_flags('read_messages') }}, []::varchar[]),
            case when is_disputed then ['tools_disagree'] else []::varchar[] end
        ) as message_flags
    from canonical
),

final as (
    select {{ staged_columns() }}
    from described
)

select * from final

-- Grain: one landed record of any family, with the fields that ingest was told how to find. What no
-- field took is its metadata. Records are read from the landed parts, whose small row groups bound
-- the memory of everything up to the first table.
{% set fields = [
    'id', 'task_id', 'model', 'success', 'reward', 'category', 'tools', 'question', 'text',
] %}

with

records as (
    {{ landed('records', [
        ['dataset', 'varchar'], ['family', 'varchar'], ['file_id', 'varchar'],
        ['source_file', 'varchar'], ['record_number', 'bigint'], ['source_line', 'bigint'],
        ['record', 'varchar'], ['record_hash', 'varchar'], ['flags', 'varchar[]'],
        ['landed_at', 'timestamptz'],
    ]) }}
),

files as (
    select
        dataset,
        file_id,
        {{ json_parse('fields', json_field_paths_shape()) }} as field_paths
    from {{ ref('files') }}
),

messages_located as (
    select
        {{ record_id('records') }} as record_id,
        records.*,
        files.field_paths,
        {{ first_json_at('records.record', 'files.field_paths.messages') }} as messages_json,
        {{ json_without(
            'records.record', first_path_at('records.record', 'files.field_paths.messages')
        ) }} as record_rest
    from records
    inner join files
        on records.dataset = files.dataset and records.file_id = files.file_id
),

fields_located as (
    select
        *,
        {% for field in fields -%}
            {{ first_json_at('record_rest', 'field_paths.' ~ field) }} as {{ field }}_json,
        {% endfor -%}
        {{ json_without(
            'record_rest', paths_taken('record_rest', 'field_paths', fields)
        ) }} as metadata
    from messages_located
),

typed as (
    select
        record_id,
        dataset,
        family,
        file_id,
        source_file,
        record_number,
        source_line,
        record_hash,
        landed_at,
        flags,
        {{ canonical_id('id_json') }} as source_id,
        {{ canonical_id('task_id_json') }} as task_id,
        {{ json_text('model_json') }} as model,
        coalesce(
            try_cast({{ json_text('success_json') }} as boolean),
            try_cast({{ json_text('success_json') }} as double) != 0
        ) as success,
        coalesce(
            try_cast({{ json_text('reward_json') }} as double),
            try_cast({{ json_text('reward_json') }} as boolean)::integer
        ) as reward,
        {{ json_text('question_json') }} as question,
        {{ json_text('text_json') }} as text,
        {{ json_text('category_json') }} as category,
        case {{ json_kind('tools_json') }}
            when 'VARCHAR' then {{ json_text('tools_json') }}
            else tools_json::varchar
        end as tools_text,
        case {{ json_kind('messages_json') }}
            when 'VARCHAR' then {{ json_text('messages_json') }}
            else messages_json::varchar
        end as messages_text,
        nullif(metadata, '{}') as metadata,
        {{ is_distinct(json_text('id_json'), 'source_id') }}
        or {{ is_distinct(json_text('task_id_json'), 'task_id') }} as has_canonical_id
    from fields_located
),

final as (
    select
        * exclude (flags, has_canonical_id, tools_text, messages_text),
        case
            when {{ is_json('tools_text') }}
                then nullif(nullif({{ canonical_json('tools_text') }}, '[]'), 'null')
        end as tools,
        case when {{ is_json('messages_text') }} then messages_text end as messages_text,
        list_concat(
            flags,
            case when has_canonical_id then ['canonical_id'] else []::varchar[] end,
            case
                when not {{ is_json('tools_text') }} then ['tools_unreadable']
                else []::varchar[]
            end
        ) as flags
    from typed
)

select * from final

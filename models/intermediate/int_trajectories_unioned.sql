-- Grain: one landed record, of all families. The one place where messages are stored.
{{ config(pre_hook=keep_join_sides(), post_hook=free_join_sides()) }}

with

unioned as (
    {% for family in var('families') %}
        select * from {{ ref('stg_' ~ family ~ '__trajectories') }}
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

identified as (
    select
        * exclude (source_id, record_hash),
        coalesce(source_id, record_hash[:16]) as source_key
    from unioned
),

described as (
    select
        * replace (coalesce(task_id, source_key) as task_id),
        dataset || '/' || source_key as trajectory_id,
        coalesce(len(messages), 0)::integer as n_messages,
        coalesce(messages[len(messages)].turn, 0)::integer as n_turns,
        coalesce(
            len({{ list_where('messages', 'message', "message.role = 'tool_call'") }}), 0
        )::integer as n_tool_calls,
        {{ tools_used_in('messages') }} as tools_used,
        {{ role_path_of('messages') }} as role_path,
        {{ content_text_of('messages') }} as all_text
    from identified
),

hashed as (
    select
        record_id,
        trajectory_id,
        dataset,
        family,
        source_key,
        task_id,
        model,
        success,
        reward,
        category,
        tools,
        tools_used,
        n_messages,
        n_turns,
        n_tool_calls,
        role_path,
        messages,
        faults,
        metadata,
        file_id,
        source_file,
        source_line,
        record_number,
        landed_at,
        precedence,
        list_sort(list_distinct(
            list_concat(flags, {{ content_flags('messages', 'all_text') }})
        )) as flags,
        {{ sha256_of(nfc('all_text')) }} as content_hash
    from described
)

select * from hashed

-- Grain: one landed record, of all families. The one place where messages are stored.
with

unioned as (
    {% for family in var('families') %}
    select * from {{ ref('stg_' ~ family ~ '__trajectories') }}
    {{ 'union all' if not loop.last }}
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
        {{ tools_used('messages') }} as tools_used,
        {{ role_path('messages') }} as role_path,
        {{ content_text_of('messages') }} as all_text
    from identified
),

hashed as (
    select
        * exclude (all_text) replace (
            list_sort(list_distinct(list_concat(flags, {{ content_flags('messages', 'all_text') }})))
                as flags
        ),
        {{ sha256_of(nfc('all_text')) }} as content_hash
    from described
)

select * from hashed

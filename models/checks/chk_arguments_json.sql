-- Grain: one tool call whose arguments are not JSON; their text is kept as it came.
with

messages as (
    select * from {{ ref('int_messages_unnested') }}
),

violations as (
    select
        record_id,
        'args_invalid' as reason,
        position,
        turn,
        'arguments of ' || coalesce(tool_name, 'a call') || ' are not JSON' as detail
    from messages
    where role = 'tool_call' and not has_json_arguments
)

select * from violations

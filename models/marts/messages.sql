-- Grain: one message of an accepted trajectory. A view over the messages that the trajectory holds.
with

trajectories as (
    select * from {{ ref('trajectories') }}
),

unnested as (
    select
        trajectory_id,
        dataset,
        unnest(range(1, n_messages + 1))::integer as position,
        unnest(messages) as message
    from trajectories
),

final as (
    select
        trajectory_id,
        dataset,
        position,
        message['turn'] as turn,
        message['role'] as role,
        message['content'] as content,
        message['tool_name'] as tool_name,
        message['tool_arguments'] as tool_arguments,
        message['call_id'] as call_id,
        message['extra'] as extra
    from unnested
)

select * from final

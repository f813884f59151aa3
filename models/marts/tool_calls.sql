-- Grain: one tool call of an accepted trajectory, with its output beside it.
with

messages as (
    select * from {{ ref('messages') }}
),

trajectories as (
    select
        trajectory_id,
        record_id,
        {{ declared_tools('tools') }} as declared_tools
    from {{ ref('trajectories') }}
),

pairs as (
    select * from {{ ref('int_calls_paired') }}
    where role = 'tool_call'
),

final as (
    select
        calls.trajectory_id,
        calls.dataset,
        calls.position,
        calls.turn,
        calls.call_id,
        calls.tool_name,
        calls.tool_arguments,
        outputs.content as output,
        outputs.position as output_position,
        {{ is_json('calls.tool_arguments') }} as is_args_valid,
        list_contains(trajectories.declared_tools, calls.tool_name) as is_declared
    from messages as calls
    inner join trajectories
        on calls.trajectory_id = trajectories.trajectory_id
    inner join pairs
        on trajectories.record_id = pairs.record_id and calls.position = pairs.position
    left join messages as outputs
        on
            calls.trajectory_id = outputs.trajectory_id
            and pairs.partner_position = outputs.position
    where calls.role = 'tool_call'
)

select * from final

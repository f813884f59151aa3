-- Grain: one accepted trajectory, whole. A view: its messages are stored once, in intermediate.
with

accepted as (
    select * from {{ ref('int_trajectories_accepted') }}
),

trajectories as (
    select * from {{ ref('int_trajectories_unioned') }}
),

final as (
    select
        trajectories.trajectory_id,
        trajectories.family,
        trajectories.dataset,
        trajectories.source_key,
        trajectories.task_id,
        trajectories.model,
        trajectories.success,
        trajectories.reward,
        trajectories.category,
        trajectories.tools,
        trajectories.tools_used,
        trajectories.n_messages,
        trajectories.n_turns,
        trajectories.n_tool_calls,
        trajectories.role_path,
        trajectories.content_hash,
        trajectories.messages,
        trajectories.metadata,
        trajectories.record_id,
        trajectories.file_id,
        trajectories.source_file,
        trajectories.source_line,
        trajectories.record_number,
        trajectories.landed_at,
        list_sort(list_concat(trajectories.flags, accepted.flags)) as flags
    from trajectories
    inner join accepted on trajectories.record_id = accepted.record_id
)

select * from final

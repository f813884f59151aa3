-- Grain: one tool output of an accepted rollout that a replay cannot vouch for and nothing can
-- mend.
with

trajectories as (
    select * from {{ ref('trajectories') }}
),

replays as (
    select * from {{ ref('stg_rlvr__replays') }}
    where doubt is not null
),

final as (
    select
        trajectories.trajectory_id,
        trajectories.dataset,
        replays.position,
        replays.tool_name,
        replays.doubt as reason,
        trajectories.messages[replays.position]['content'] as output
    from replays
    inner join trajectories on replays.record_id = trajectories.record_id
)

select * from final

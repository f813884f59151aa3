-- Grain: one tool output of an accepted rollout that was mended because a replay over the corpus
-- gave another.
with

trajectories as (
    select * from {{ ref('trajectories') }}
),

replays as (
    select * from {{ ref('stg_rlvr__replays') }}
    where reason is not null
),

final as (
    select
        trajectories.trajectory_id,
        trajectories.dataset,
        replays.position,
        replays.tool_name,
        replays.recorded,
        replays.mended,
        replays.reason
    from replays
    inner join trajectories on replays.record_id = trajectories.record_id
)

select * from final

-- Grain: one accepted SERA trajectory of rollout T2 for which both patches are at hand: the
-- recorded line_level_recall beside the one that its patches give.
with

recalls as (
    select * from {{ ref('int_sera_recalls') }}
),

trajectories as (
    select * from {{ ref('trajectories') }}
),

final as (
    select
        trajectories.trajectory_id,
        first_rollouts.trajectory_id as reference_trajectory_id,
        trajectories.dataset,
        trajectories.task_id as instance_id,
        recalls.n_changed_lines,
        recalls.n_matched_lines,
        recalls.computed_recall,
        recalls.recorded_recall,
        recalls.recorded_recall is not null and {{ sera_recalls_differ() }} as is_mismatch
    from recalls
    inner join trajectories on recalls.record_id = trajectories.record_id
    left join trajectories as first_rollouts
        on recalls.reference_record_id = first_rollouts.record_id
)

select * from final

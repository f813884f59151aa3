-- Grain: one accepted trajectory of the family ipw, its final answer compared with the expected one.
with

checked as (
    select * from {{ ref('int_ipw_answers_checked') }}
),

trajectories as (
    select * from {{ ref('trajectories') }}
    where family = 'ipw'
),

graded as (
    select * from {{ ref('int_ipw_graded') }}
),

final as (
    select
        trajectories.trajectory_id,
        trajectories.dataset,
        trajectories.task_id,
        trajectories.model,
        trajectories.category,
        checked.final_answer,
        checked.ground_truth,
        checked.verdict,
        checked.method,
        trajectories.success,
        checked.agrees_with_success,
        graded.is_regraded
    from trajectories
    inner join checked on trajectories.record_id = checked.record_id
    inner join graded on trajectories.record_id = graded.record_id
)

select * from final

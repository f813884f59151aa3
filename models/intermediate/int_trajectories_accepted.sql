-- Grain: one accepted trajectory: it passed the checks, is nobody's duplicate, and its tokens are
-- proven. With everything that checks flagged.
with

tokenized as (
    select * from {{ ref('int_trajectories_tokenized') }}
    where reason is null
),

check_flags as (
    select
        record_id,
        list(distinct reason) as flags
    from {{ ref('int_violations') }}
    where severity = 'flag'
    group by record_id
),

accepted as (
    select
        tokenized.record_id,
        tokenized.trajectory_id,
        coalesce(check_flags.flags, []::varchar[]) as flags
    from tokenized
    left join check_flags on tokenized.record_id = check_flags.record_id
)

select * from accepted

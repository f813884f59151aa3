-- Grain: one accepted trajectory: it passed the checks, its tokens are proven, and it is nobody's
-- duplicate. With everything that checks flagged.
with

tokenized as (
    select
        tokens.record_id,
        tokens.trajectory_id
    from {{ ref('int_trajectories_tokenized') }} as tokens
    anti join {{ ref('int_records_duplicated') }} as duplicated
        on tokens.record_id = duplicated.record_id
    where tokens.reason is null
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

-- Grain: one accepted trajectory: it passed the checks, its tokens are proven, and it is nobody's
-- duplicate. With everything that checks flagged.
with

singled_out as (
    select proven.*
    from {{ ref('int_trajectories_proven') }} as proven
    anti join {{ ref('int_records_duplicated') }} as duplicated
        on proven.record_id = duplicated.record_id
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
        singled_out.record_id,
        singled_out.trajectory_id,
        coalesce(check_flags.flags, []::varchar[]) as flags
    from singled_out
    left join check_flags on singled_out.record_id = check_flags.record_id
)

select * from accepted

-- Grain: one row of the card's table Data Distribution.
with

trajectories as (
    select
        teacher,
        scale,
        rollout
    from {{ ref('sera_sft') }}
),

counted as (
    select
        teacher,
        scale,
        rollout,
        count(*) as n_rows,
        row_number() over (order by teacher, scale, rollout) as position
    from trajectories
    group by teacher, scale, rollout
),

totalled as (
    select * from counted
    union all
    select
        'Total' as teacher,
        '' as scale,
        '' as rollout,
        sum(n_rows)::bigint as n_rows,
        count(*) + 1 as position
    from counted
    having count(*) > 0
),

final as (
    select
        position::integer as position,
        teacher,
        scale,
        rollout,
        {{ grouped_number('n_rows') }} as rows_shown,
        n_rows
    from totalled
    order by position
)

select * from final

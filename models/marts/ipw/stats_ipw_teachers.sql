-- Grain: one teacher of the mart ipw_sft, regraded trajectories apart.
with

graded as (
    select * from {{ ref('int_ipw_graded') }}
),

selected as (
    select record_id
    from {{ ref('int_ipw_selections') }}
    where mart = 'ipw_sft' and reason is null
),

counted as (
    select
        graded.teacher || case when graded.is_regraded then ' (regraded)' else '' end as teacher,
        count(*) as number
    from graded
    semi join selected on graded.record_id = selected.record_id
    group by all
),

final as (
    select
        teacher,
        format('{:,}', number) as value,
        number,
        (row_number() over (order by number desc, teacher))::integer as position
    from counted
)

select * from final

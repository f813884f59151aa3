-- Grain: one category of the mart ipw_sft.
with

published as (
    select * from {{ ref('ipw_sft') }}
    where category is not null
),

counted as (
    select
        category,
        count(*) as number
    from published
    group by category
),

final as (
    select
        category,
        format('{:,}', number) as value,
        number,
        (row_number() over (order by number desc, category))::integer as position
    from counted
)

select * from final

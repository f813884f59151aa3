-- Grain: one row of the card's table Origin: a source dataset that has landed.
with

sources as (
    select * from {{ ref('sera_sources') }}
),

landed as (
    select
        dataset,
        sum(n_records)::bigint as n_rows
    from {{ ref('files') }}
    where family = 'sera'
    group by dataset
),

final as (
    select
        sources.position,
        sources.source_dataset,
        {{ grouped_number('sum(landed.n_rows)') }} as rows_shown,
        sources.teacher,
        sources.scale,
        sources.rollout,
        sum(landed.n_rows)::bigint as n_rows
    from sources
    inner join landed
        on ends_with(lower(landed.dataset), lower(split_part(sources.source_dataset, '/', -1)))
    group by all
    order by sources.position
)

select * from final

-- Grain: one line of the dataset card's table of totals.
with

published as (
    select * from {{ ref('ipw_sft') }}
),

with_opus as (
    select count(*) as n_trajectories from {{ ref('ipw_sft_with_opus') }}
),

labels as (
    select * from {{ ref('ipw_source_datasets') }}
),

source_names as (
    select distinct coalesce(labels.label, published.source_dataset) as label
    from published
    left join labels on published.source_dataset = labels.source_dataset
    where published.source_dataset is not null
),

counted as (
    select
        count(*) as n_trajectories,
        count(distinct category) as n_categories,
        avg(num_turns) as mean_turns
    from published
),

final as (
    select
        'Total trajectories (deduped, correct only)' as stat,
        format('{:,}', n_trajectories) as value,
        n_trajectories::double as number,
        1::integer as position
    from counted
    union all
    select
        'Total trajectories (with all opus)' as stat,
        format('{:,}', n_trajectories) as value,
        n_trajectories::double as number,
        2::integer as position
    from with_opus
    union all
    select
        'Categories' as stat,
        format('{:,}', n_categories) as value,
        n_categories::double as number,
        3::integer as position
    from counted
    union all
    select
        'Avg turns per trajectory' as stat,
        format('{:.1f}', mean_turns) as value,
        mean_turns as number,
        4::integer as position
    from counted
    union all
    select
        'Source dataset' as stat,
        string_agg(label, ', ' order by label) as value,
        null::double as number,
        5::integer as position
    from source_names
)

select * from final

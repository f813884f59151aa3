-- Grain: one accepted trajectory and one published mart of its family: whether it is in, and why
-- not.
with

selections as (
    {% for family in var('selecting_families') %}
    select
        mart,
        record_id,
        reason,
        detail,
        kept_record_id
    from {{ ref('int_' ~ family ~ '_selections') }}
    {{ 'union all' if not loop.last }}
    {% else %}
    select
        null::varchar as mart,
        record_id,
        null::varchar as reason,
        null::varchar as detail,
        null::varchar as kept_record_id
    from {{ ref('int_trajectories_accepted') }}
    where false
    {% endfor %}
),

trajectories as (
    select * from {{ ref('trajectories') }}
),

final as (
    select
        selections.mart,
        trajectories.trajectory_id,
        trajectories.dataset,
        trajectories.task_id,
        selections.reason is null as is_selected,
        selections.reason,
        selections.detail,
        kept.trajectory_id as kept_trajectory_id,
        trajectories.source_file,
        trajectories.source_line,
        trajectories.record_number
    from selections
    inner join trajectories on selections.record_id = trajectories.record_id
    left join trajectories as kept on selections.kept_record_id = kept.record_id
)

select * from final

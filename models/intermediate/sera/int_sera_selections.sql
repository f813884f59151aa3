-- Grain: one accepted SERA trajectory and the mart sera_sft, which holds one of each teacher,
-- scale, rollout and instance. Within a dataset those are never two; the raw rows and the published
-- file of the same rollouts, landed as two datasets, are.
{{ config(materialized='view') }}

with

trajectories as (
    select * from {{ ref('int_trajectories_unioned') }}
    where family = 'sera'
),

accepted as (
    select * from {{ ref('int_trajectories_accepted') }}
),

kept as (
    select
        trajectories.record_id,
        trajectories.task_id,
        trajectories.dataset,
        trajectories.source_file,
        trajectories.record_number,
        {{ json_text_at('trajectories.metadata', "'$.teacher'") }} as teacher,
        {{ json_text_at('trajectories.metadata', "'$.scale'") }} as scale,
        {{ json_text_at('trajectories.metadata', "'$.rollout'") }} as rollout
    from trajectories
    semi join accepted on trajectories.record_id = accepted.record_id
),

ranked as (
    select
        *,
        teacher is not null and scale is not null and rollout is not null as is_known,
        first_value(record_id) over (
            partition by teacher, scale, rollout, task_id
            order by dataset, source_file, record_number, record_id
        ) as first_record_id
    from kept
),

final as (
    select
        'sera_sft' as mart,
        record_id,
        case
            when not is_known then 'source_unknown'
            when record_id != first_record_id then 'same_rollout'
        end as reason,
        teacher || '/' || scale || '/' || rollout || '/' || task_id as detail,
        case when is_known and record_id != first_record_id then first_record_id end
            as kept_record_id
    from ranked
)

select * from final

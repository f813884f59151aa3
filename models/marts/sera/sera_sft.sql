-- Grain: one accepted SERA trajectory of a known source, as the published dataset has it.
with

selected as (
    select record_id
    from {{ ref('int_sera_selections') }}
    where reason is null
),

trajectories as (
    select * from {{ ref('trajectories') }}
    where family = 'sera'
),

recalls as (
    select * from {{ ref('int_sera_recalls') }}
),

final as (
    select
        {{ six_role_json('trajectories.messages', 'trajectories.tools') }} as messages,
        trajectories.task_id as instance_id,
        {{ json_text_at('trajectories.metadata', "'$.teacher'") }} as teacher,
        {{ json_text_at('trajectories.metadata', "'$.scale'") }} as scale,
        {{ json_text_at('trajectories.metadata', "'$.rollout'") }} as rollout,
        {{ json_text_at('trajectories.metadata', "'$.func_name'") }} as func_name,
        {{ json_text_at('trajectories.metadata', "'$.func_path'") }} as func_path,
        case
            when {{ json_text_at('trajectories.metadata', "'$.rollout'") }} != 'T1'
                then coalesce(
                    try_cast(
                        {{ json_text_at('trajectories.metadata', "'$.line_level_recall'") }}
                        as double
                    ),
                    recalls.computed_recall
                )
        end as line_level_recall
    from trajectories
    semi join selected on trajectories.record_id = selected.record_id
    left join recalls on trajectories.record_id = recalls.record_id
)

select * from final

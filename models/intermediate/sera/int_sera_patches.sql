-- Grain: one landed SERA record with the patch that it made, and the patch that it was to reproduce
-- where the record brings that along.
with

trajectories as (
    select * from {{ ref('int_trajectories_unioned') }}
    where family = 'sera'
),

final as (
    select
        record_id,
        task_id as instance_id,
        source_file,
        record_number,
        file_id,
        {{ json_text_at('metadata', "'$.teacher'") }} as teacher,
        {{ json_text_at('metadata', "'$.scale'") }} as scale,
        {{ json_text_at('metadata', "'$.rollout'") }} as rollout,
        {{ json_text_at('metadata', "'$.model_patch'") }} as patch,
        case
            when {{ json_text_at('metadata', "'$.rollout'") }} = 'T2'
                then coalesce(
                    {{ json_text_at('metadata', "'$.t1_patch'") }},
                    {{ json_text_at('metadata', "'$.target_patch'") }}
                )
        end as reference_patch,
        try_cast({{ json_text_at('metadata', "'$.line_level_recall'") }} as double)
            as recorded_recall
    from trajectories
)

select * from final

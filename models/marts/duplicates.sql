-- Grain: one record that was dropped for another, which passed the same checks.
with

duplicated as (
    select * from {{ ref('int_records_duplicated') }}
),

trajectories as (
    select * from {{ ref('int_trajectories_unioned') }}
),

final as (
    select
        dropped.record_id,
        dropped.trajectory_id,
        kept.record_id as kept_record_id,
        kept.trajectory_id as kept_trajectory_id,
        dropped.dataset,
        dropped.family,
        duplicated.rule,
        duplicated.score,
        dropped.file_id,
        dropped.source_file,
        dropped.source_line,
        dropped.record_number,
        kept.source_file as kept_source_file,
        kept.source_line as kept_source_line,
        dropped.content_hash = kept.content_hash as is_same_content
    from duplicated
    inner join trajectories as dropped on duplicated.record_id = dropped.record_id
    inner join trajectories as kept on duplicated.kept_record_id = kept.record_id
)

select * from final

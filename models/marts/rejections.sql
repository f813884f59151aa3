-- Grain: one record that is in no other mart, with the stage that rejected it and why.
with

rejected_at_ingest as (
    select
        record_id,
        null::varchar as trajectory_id,
        dataset,
        family,
        'ingest' as stage,
        reason,
        detail,
        null::integer as position,
        null::integer as turn,
        file_id,
        source_file,
        source_line,
        record_number,
        landed_at
    from {{ ref('rejected_records') }}
),

trajectories as (
    select * from {{ ref('int_trajectories_unioned') }}
),

examples_ranked as (
    select
        *,
        row_number() over of_record as example_number,
        count(*) filter (where reason is null) over (partition by record_id) as n_sound
    from {{ ref('int_examples_fitted') }}
    window of_record as (partition by record_id order by trained_from, example_id)
),

rejected_later as (
    select
        record_id,
        'check' as stage,
        reason,
        detail,
        position,
        turn
    from {{ ref('int_records_rejected') }}
    union all
    select
        record_id,
        'tokenize' as stage,
        reason,
        detail,
        null::integer as position,
        null::integer as turn
    from examples_ranked
    where n_sound = 0 and example_number = 1
),

rejected_after_ingest as (
    select
        trajectories.record_id,
        trajectories.trajectory_id,
        trajectories.dataset,
        trajectories.family,
        rejected_later.stage,
        rejected_later.reason,
        rejected_later.detail,
        rejected_later.position,
        rejected_later.turn,
        trajectories.file_id,
        trajectories.source_file,
        trajectories.source_line,
        trajectories.record_number,
        trajectories.landed_at
    from trajectories
    inner join rejected_later on trajectories.record_id = rejected_later.record_id
),

rejected_references as (
    select
        record_id,
        null::varchar as trajectory_id,
        dataset,
        family,
        'check' as stage,
        reason,
        detail,
        null::integer as position,
        null::integer as turn,
        file_id,
        source_file,
        source_line,
        record_number,
        landed_at
    from {{ ref('int_references_unioned') }}
    where reason is not null
),

final as (
    select * from rejected_at_ingest
    union all
    select * from rejected_after_ingest
    union all
    select * from rejected_references
)

select * from final

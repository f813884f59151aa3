-- Grain: one record dropped for another that is accepted: same id, or else same content. Of equals
-- the one that its family prefers is kept, and of those the one that comes first by file name,
-- record number and file content, so the order in which files landed does not matter. Only records
-- whose tokens are proven compete: a sound record is never dropped for one that is rejected itself.
with

proven as (
    select * from {{ ref('int_trajectories_proven') }}
),

candidates as (
    select
        candidates.record_id,
        candidates.trajectory_id,
        candidates.content_hash,
        {{ "candidates.dataset" if var('duplicate_scope') == 'dataset' else "''" }}
            as scope,
        not {{ is_one_of('candidates.family', var('duplicate_by_id_only')) }}
            as competes_by_content,
        row_number() over (
            order by
                candidates.precedence,
                candidates.source_file,
                candidates.record_number,
                candidates.file_id,
                candidates.dataset
        ) as precedence
    from {{ ref('int_trajectories_unioned') }} as candidates
    semi join proven on candidates.record_id = proven.record_id
),

ranked_by_id as (
    select
        *,
        first_value(record_id) over same_id as first_record_id
    from candidates
    window same_id as (partition by trajectory_id order by precedence)
),

ranked_by_content as (
    select
        *,
        first_value(record_id) over same_content as first_record_id_of_content
    from ranked_by_id
    where record_id = first_record_id
    window same_content as (
        partition by
            scope,
            case when competes_by_content then content_hash else record_id end
        order by precedence
    )
),

dropped as (
    select
        record_id,
        first_record_id_of_content as kept_record_id,
        'same_content' as rule
    from ranked_by_content
    where record_id != first_record_id_of_content
    union all
    select
        ranked_by_id.record_id,
        ranked_by_content.first_record_id_of_content as kept_record_id,
        'same_id' as rule
    from ranked_by_id
    inner join ranked_by_content
        on ranked_by_id.first_record_id = ranked_by_content.record_id
    where ranked_by_id.record_id != ranked_by_id.first_record_id
),

scored as (
    select
        *,
        1.0::double as score
    from dropped
)

select * from scored

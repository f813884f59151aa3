-- Grain: one SERA record of rollout T2 for which both patches are at hand: how much of the T1
-- patch it reproduced. The T1 patch is the one that its record brings along, else that of the T1
-- rollout of the same instance, teacher and scale.
with

patches as (
    select * from {{ ref('int_sera_patches') }}
),

first_rollouts as (
    select * from patches
    where rollout = 'T1' and patch is not null
    qualify row_number() over (
        partition by teacher, scale, instance_id
        order by source_file, record_number, file_id
    ) = 1
),

pairs as (
    select
        second_rollouts.record_id,
        second_rollouts.recorded_recall,
        second_rollouts.patch,
        coalesce(second_rollouts.reference_patch, first_rollouts.patch) as reference_patch,
        case when second_rollouts.reference_patch is null then first_rollouts.record_id end
            as reference_record_id
    from patches as second_rollouts
    left join first_rollouts
        on
            second_rollouts.teacher = first_rollouts.teacher
            and second_rollouts.scale = first_rollouts.scale
            and second_rollouts.instance_id = first_rollouts.instance_id
    where
        second_rollouts.rollout = 'T2'
        and second_rollouts.patch is not null
        and coalesce(second_rollouts.reference_patch, first_rollouts.patch) is not null
),

changed_lines as (
    select
        record_id,
        'reference' as side,
        unnest({{ sera_changed_lines('reference_patch') }}) as changed_line
    from pairs
    union all
    select
        record_id,
        'own' as side,
        unnest({{ sera_changed_lines('patch') }}) as changed_line
    from pairs
),

counted as (
    select
        record_id,
        changed_line,
        count_if(side = 'reference') as n_reference,
        count_if(side = 'own') as n_own
    from changed_lines
    group by record_id, changed_line
),

matched as (
    select
        record_id,
        sum(n_reference)::integer as n_changed_lines,
        sum(least(n_reference, n_own))::integer as n_matched_lines
    from counted
    group by record_id
),

final as (
    select
        pairs.record_id,
        pairs.reference_record_id,
        pairs.recorded_recall,
        coalesce(matched.n_changed_lines, 0) as n_changed_lines,
        coalesce(matched.n_matched_lines, 0) as n_matched_lines,
        matched.n_matched_lines / nullif(matched.n_changed_lines, 0) as computed_recall
    from pairs
    left join matched on pairs.record_id = matched.record_id
)

select * from final

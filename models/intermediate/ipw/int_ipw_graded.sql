-- Grain: one accepted trajectory of the family ipw, with its teacher and whether its answer is
-- correct: by the record, or else by verdicts that agree. Verdicts that contradict each other decide
-- nothing, so that no answer is trained that a grader found wrong.
with

accepted as (
    select * from {{ ref('int_trajectories_accepted') }}
),

trajectories as (
    select
        record_id,
        dataset,
        task_id as sample_id,
        nullif(trim(model), '') as teacher_model,
        success,
        source_file,
        record_number,
        file_id
    from {{ ref('int_trajectories_unioned') }}
    where family = 'ipw'
),

verdicts as (
    select
        dataset,
        sample_id,
        teacher_model,
        count_if(regraded_success) as n_correct,
        count_if(not regraded_success) as n_wrong
    from {{ ref('stg_ipw__regrades') }}
    where reason is null
    group by dataset, sample_id, teacher_model
),

teachers as (
    select * from {{ ref('ipw_teachers') }}
),

models as (
    select distinct teacher_model
    from trajectories
),

recognised as (
    select
        models.teacher_model,
        teachers.teacher,
        teachers.precedence,
        teachers.is_always_kept
    from models
    inner join teachers on regexp_matches(lower(models.teacher_model), teachers.pattern)
    qualify row_number() over (
        partition by models.teacher_model
        order by teachers.precedence
    ) = 1
),

graded as (
    select
        trajectories.record_id,
        trajectories.dataset,
        trajectories.sample_id,
        trajectories.teacher_model,
        coalesce(recognised.teacher, trajectories.teacher_model, 'unknown') as teacher,
        coalesce(recognised.precedence, 1000) as teacher_precedence,
        coalesce(recognised.is_always_kept, false) as is_always_kept,
        coalesce(trajectories.success, false) as is_recorded_correct,
        not coalesce(trajectories.success, false)
        and coalesce(verdicts.n_correct > 0 and verdicts.n_wrong = 0, false) as is_regraded,
        case
            when verdicts.n_correct > 0 and verdicts.n_wrong > 0
                then 'verdicts disagree: '
                || verdicts.n_correct || ' correct, ' || verdicts.n_wrong || ' wrong'
            when verdicts.n_wrong > 0 then 'regraded as wrong'
            when trajectories.success is null then 'not graded'
            else 'recorded as wrong'
        end as grading,
        trajectories.source_file,
        trajectories.record_number,
        trajectories.file_id
    from trajectories
    inner join accepted on trajectories.record_id = accepted.record_id
    left join recognised on trajectories.teacher_model = recognised.teacher_model
    left join verdicts
        on
            trajectories.dataset = verdicts.dataset
            and trajectories.sample_id = verdicts.sample_id
            and trajectories.teacher_model = verdicts.teacher_model
),

final as (
    select
        *,
        is_recorded_correct or is_regraded as is_correct
    from graded
)

select * from final

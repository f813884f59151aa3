-- Grain: one accepted trajectory of the family ipw and one of its published marts. Of the correct
-- trajectories of a sample the marts take one, from whatever dataset, run or teacher: one that was
-- recorded as correct before one that a grader found so, then by teacher, then by place. The second
-- mart takes Claude Opus's besides, one a sample and teacher_model.
with

graded as (
    select * from {{ ref('int_ipw_graded') }}
),

ranked as (
    select
        record_id,
        is_correct,
        is_always_kept,
        grading,
        first_value(record_id) over (
            partition by sample_id, is_correct
            order by
                case when is_recorded_correct then 0 else 1 end,
                teacher_precedence,
                teacher_model,
                source_file,
                record_number,
                file_id,
                dataset
        ) as first_of_sample,
        sample_id,
        teacher_model,
        is_recorded_correct,
        source_file,
        record_number,
        file_id,
        dataset
    from graded
),

ranked_by_teacher as (
    select
        *,
        first_value(record_id) over (
            partition by sample_id, teacher_model
            order by
                case when is_correct and record_id = first_of_sample then 0 else 1 end,
                case when is_recorded_correct then 0 when is_correct then 1 else 2 end,
                source_file,
                record_number,
                file_id,
                dataset
        ) as first_of_teacher
    from ranked
),

chosen as (
    select
        *,
        is_correct and record_id = first_of_sample as is_first,
        is_always_kept and record_id = first_of_teacher as is_kept
    from ranked_by_teacher
),

selections as (
    select
        'ipw_sft' as mart,
        record_id,
        case when not is_correct then 'not_correct' when not is_first then 'same_sample' end as reason,
        case when not is_correct then grading end as detail,
        case when is_correct and not is_first then first_of_sample end as kept_record_id
    from chosen
    union all
    select
        'ipw_sft_with_opus' as mart,
        record_id,
        case
            when is_first or is_kept then null
            when is_correct or is_always_kept then 'same_sample'
            else 'not_correct'
        end as reason,
        case when not (is_correct or is_always_kept) then grading end as detail,
        case
            when is_first or is_kept then null
            when is_always_kept then first_of_teacher
            when is_correct then first_of_sample
        end as kept_record_id
    from chosen
)

select * from selections

-- Grain: one landed verdict of a grader on the trajectory of one sample by one teacher.
with

records as (
    select * from {{ ref('stg_records__located') }}
    where family = 'ipw_regrades'
),

read as (
    select
        {{ reference_columns() }},
        task_id as sample_id,
        nullif(trim(model), '') as teacher_model,
        success as regraded_success,
        {{ json_text_at('metadata', "'$.grader_model'") }} as grader_model
    from records
),

judged as (
    select
        *,
        {{ reference_reason(
            'sample_id || teacher_model', '1', 'regraded_success is not null'
        ) }} as reason,
        case
            when sample_id is null then 'no sample_id'
            when teacher_model is null then 'no teacher_model'
            when regraded_success is null then 'no regraded_success'
        end as detail
    from read
)

select * from judged

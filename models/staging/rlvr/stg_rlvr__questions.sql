-- Grain: one landed question of a retrieval environment, with the documents that answer it. Of
-- questions with one qa_id the first that names any documents is used.
{{ config(materialized='table') }}

with

records as (
    select * from {{ ref('stg_records__located') }}
    where family = 'rlvr_questions'
),

fields_read as (
    select
        * exclude (source_id),
        source_id as qa_id,
        {{ rlvr_ground_truth('metadata') }} as gt_doc_ids
    from records
),

numbered as (
    select
        *,
        row_number() over (
            partition by dataset, qa_id, len(gt_doc_ids) > 0
            order by source_file, record_number, file_id
        ) as key_number
    from fields_read
),

judged as (
    select
        *,
        {{ reference_reason('qa_id', 'key_number', 'len(gt_doc_ids) > 0') }} as reason
    from numbered
),

final as (
    select
        {{ reference_columns() }},
        qa_id,
        question,
        gt_doc_ids,
        reason,
        case reason
            when 'key_missing' then 'a question without qa_id'
            when 'value_missing' then 'a question without ground-truth documents'
            when 'key_repeated' then 'another question has the qa_id ' || qa_id
        end as detail
    from judged
)

select * from final

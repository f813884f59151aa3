-- Grain: one landed document of a retrieval environment's corpus. Of documents with one doc_id the
-- first that has a text is used.
{{ config(materialized='table') }}

with

records as (
    select * from {{ ref('stg_records__located') }}
    where family = 'rlvr_documents'
),

fields_read as (
    select
        * exclude (source_id),
        source_id as doc_id
    from records
),

numbered as (
    select
        *,
        row_number() over (
            partition by dataset, doc_id, text is not null
            order by source_file, record_number, file_id
        ) as key_number
    from fields_read
),

judged as (
    select
        *,
        {{ reference_reason('doc_id', 'key_number', 'text is not null') }} as reason
    from numbered
),

final as (
    select
        {{ reference_columns() }},
        doc_id,
        text,
        reason,
        case reason
            when 'key_missing' then 'a document without doc_id'
            when 'value_missing' then 'a document without text'
            when 'key_repeated' then 'another document has the doc_id ' || doc_id
        end as detail
    from judged
)

select * from final

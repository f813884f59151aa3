-- Grain: one output of a retrieval tool, replayed over its environment's corpus: what it has to be
-- where it is not that, why, what about it is in doubt, and the documents that it shows.
{{ config(materialized='table') }}

with

retrievals as (
    select
        * replace ({{ rlvr_trimmed('output') }} as output),
        output as recorded_output
    from {{ ref('stg_rlvr__retrievals') }}
),

forms_read as (
    select
        *,
        {{ rlvr_form('output') }} as form
    from retrievals
),

documents as (
    select * from {{ ref('stg_rlvr__documents') }}
    where reason is null
),

joined as (
    select
        retrievals.*,
        matches.fault as pattern_fault,
        matches.matches,
        documents.text as document_text,
        coalesce(doubted.has_unknown_document, false) as has_unknown_document,
        coalesce(doubted.has_foreign_snippet, false) as has_foreign_snippet,
        doubted.openings,
        case
            when retrievals.tool_name != 'open_document'
                then {{ rlvr_results('retrievals.output', 'retrievals.form') }}
        end as results
    from forms_read as retrievals
    left join documents
        on
            retrievals.has_corpus
            and retrievals.tool_name = 'open_document'
            and retrievals.dataset = documents.dataset
            and retrievals.argument = documents.doc_id
    left join {{ ref('stg_rlvr__matches') }} as matches
        on
            retrievals.has_corpus
            and retrievals.tool_name = 'regex_search'
            and retrievals.dataset = matches.dataset
            and retrievals.argument = matches.pattern
    left join {{ ref('stg_rlvr__doubted_results') }} as doubted
        on
            retrievals.record_id = doubted.record_id
            and retrievals.position = doubted.position
),

judged as (
    select
        *,
        {{ rlvr_mending_reason() }} as reason,
        {{ rlvr_doubt() }} as doubt
    from joined
),

mended as (
    select
        *,
        {{ rlvr_mended_output() }} as mended
    from judged
),

compared as (
    select
        *,
        {{ is_distinct('mended', 'output') }} as is_mended,
        {{ rlvr_shown_doc_ids() }} as doc_ids
    from mended
),

final as (
    select
        record_id,
        position,
        tool_name,
        doubt,
        doc_ids,
        case when is_mended then reason end as reason,
        case when is_mended and reason is not null then recorded_output end as recorded,
        case when is_mended then mended end as mended
    from compared
)

select * from final

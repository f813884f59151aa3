-- Grain: one output of semantic_search that lists a document which the corpus does not have, or a
-- snippet that is no text of its document.
with

retrievals as (
    select * from {{ ref('stg_rlvr__retrievals') }}
    where has_corpus and tool_name = 'semantic_search'
),

documents as (
    select * from {{ ref('stg_rlvr__documents') }}
    where reason is null
),

results_read as (
    select
        record_id,
        position,
        dataset,
        {{ rlvr_results('output', rlvr_form('output')) }} as results
    from retrievals
),

results_unnested as (
    select
        record_id,
        position,
        dataset,
        unnest(results) as result,
        unnest(range(1, len(results) + 1)) as number
    from results_read
),

doubted as (
    select
        results_unnested.record_id,
        results_unnested.position,
        results_unnested.number,
        documents.doc_id is null as is_document_unknown,
        {{ beginning_of('documents.text', "len(results_unnested.result['text'])") }} as opening
    from results_unnested
    left join documents
        on
            results_unnested.dataset = documents.dataset
            and results_unnested.result['doc_id'] = documents.doc_id
    where
        documents.doc_id is null
        or not {{ rlvr_is_snippet_of("results_unnested.result['text']", 'documents.text') }}
),

final as (
    select
        record_id,
        position,
        bool_or(is_document_unknown) as has_unknown_document,
        bool_or(not is_document_unknown) as has_foreign_snippet,
        {{ mapped('number::integer', 'opening', 'not is_document_unknown') }} as openings
    from doubted
    group by record_id, position
)

select * from final

-- Grain: one output of a search that lists a document which the corpus does not have or the pattern
-- does not match, or a snippet that is no text of its document.
with

retrievals as (
    select * replace ({{ rlvr_trimmed('output') }} as output)
    from {{ ref('stg_rlvr__retrievals') }}
    where has_corpus and tool_name in ('semantic_search', 'regex_search')
),

documents as (
    select * from {{ ref('stg_rlvr__documents') }}
    where reason is null
),

matches as (
    select * from {{ ref('stg_rlvr__matches') }}
    where fault is null
),

results_read as (
    select
        record_id,
        position,
        dataset,
        case when tool_name = 'regex_search' then argument end as pattern,
        {{ rlvr_results('output', rlvr_form('output')) }} as results
    from retrievals
),

results_unnested as (
    select
        record_id,
        position,
        dataset,
        pattern,
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
    left join matches
        on
            results_unnested.dataset = matches.dataset
            and results_unnested.pattern = matches.pattern
    where
        documents.doc_id is null
        or {{ rlvr_is_no_match(
            "results_unnested.result['doc_id']", 'documents.text', 'matches.pattern', 'matches.matches'
        ) }}
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

-- Grain: one pattern that a rollout searched an environment for, with the first documents of its
-- corpus that match, or with what is wrong with the pattern. Each is looked for once, however often
-- it was asked.
{{ config(materialized='table') }}

with

patterns as (
    select
        dataset,
        list(distinct argument) as patterns
    from {{ ref('stg_rlvr__retrievals') }}
    where has_corpus and tool_name = 'regex_search' and argument is not null
    group by dataset
),

documents as (
    select * from {{ ref('stg_rlvr__documents') }}
    where reason is null
),

documents_numbered as (
    select
        dataset,
        doc_id,
        text,
        row_number() over (partition by dataset order by doc_id) as number
    from documents
),

documents_dealt as (
    select
        *,
        ceil(number / {{ rlvr_environment('documents_at_once') }})::integer as part
    from documents_numbered
),

parts as (
    select
        dataset,
        part,
        list({{ struct_of([['doc_id', 'doc_id'], ['text', 'text']]) }} order by doc_id) as documents
    from documents_dealt
    group by dataset, part
),

searched as (
    select
        patterns.dataset,
        parts.part,
        unnest({{ udf('regex_search', [
            'patterns.patterns',
            'parts.documents',
            "'" ~ rlvr_environment('regex_flags') ~ "'",
            rlvr_environment('top_k'),
            rlvr_environment('context_chars'),
        ]) }}) as found
    from patterns
    inner join parts on patterns.dataset = parts.dataset
),

united as (
    select
        dataset,
        found['pattern'] as pattern,
        any_value(found['fault']) as fault,
        {{ list_flat("list(found['matches'] order by part)") }} as matches
    from searched
    group by dataset, pattern
),

final as (
    select
        * replace (matches[:{{ rlvr_environment('top_k') }}] as matches)
    from united
)

select * from final

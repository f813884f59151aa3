-- Grain: one output of a retrieval tool in a rollout as it was recorded, with what its call asked
-- for.
with

rollouts as (
    select * from {{ ref('stg_rlvr__rollouts') }}
),

corpora as (
    select distinct dataset
    from {{ ref('stg_rlvr__documents') }}
    where reason is null
),

unnested as (
    select
        record_id,
        dataset,
        unnest({{ rlvr_retrievals_in('messages') }}) as retrieval
    from rollouts
),

final as (
    select
        unnested.record_id,
        unnested.dataset,
        corpora.dataset is not null as has_corpus,
        unnested.retrieval['position'] as position,
        unnested.retrieval['tool_name'] as tool_name,
        unnested.retrieval['argument'] as argument,
        unnested.retrieval['asked_k'] as asked_k,
        unnested.retrieval['output'] as output
    from unnested
    left join corpora on unnested.dataset = corpora.dataset
)

select * from final

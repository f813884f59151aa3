{#- A published mart: the columns of the card, for the rollouts that it holds. -#}
{% macro rlvr_mart(mart) -%}
with

selections as (
    select record_id
    from {{ ref('int_rlvr_selections') }}
    where mart = '{{ mart }}' and reason is null
),

trajectories as (
    select
        record_id,
        messages,
        tools
    from {{ ref('int_trajectories_unioned') }}
    where family = 'rlvr'
),

measures as (
    select * from {{ ref('int_rlvr_measures') }}
),

final as (
    select
        {{ six_role_json('trajectories.messages', 'trajectories.tools') }} as messages,
        measures.qa_id,
        measures.status,
        measures.gt_seen_in_search,
        measures.gt_opened,
        measures.gt_cited,
        measures.cited_doc_ids,
        measures.n_searches,
        measures.n_opens,
        measures.n_tool_actions
    from trajectories
    inner join measures on trajectories.record_id = measures.record_id
    semi join selections on measures.record_id = selections.record_id
)

select * from final
{%- endmacro %}

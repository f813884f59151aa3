{#- A published mart: the columns of the card, for the trajectories that it holds. -#}
{% macro ipw_mart(mart) -%}
with

published as (
    select * from {{ ref('int_ipw_published') }}
),

selections as (
    select record_id
    from {{ ref('int_ipw_selections') }}
    where mart = '{{ mart }}' and reason is null
),

final as (
    select
        published.sample_id,
        published.conversations,
        published.tool_calls,
        published.ground_truth,
        published.final_answer,
        published.success,
        published.total_energy_joules,
        published.total_latency_seconds,
        published.total_cost_usd,
        published.total_tokens,
        published.num_turns,
        published.source_dataset,
        published.category,
        published.teacher_model,
        published.tools_used
    from published
    semi join selections on published.record_id = selections.record_id
)

select * from final
{%- endmacro %}

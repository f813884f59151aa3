-- Grain: one trajectory that a published mart of the family ipw holds, in the columns of the dataset
-- card. What was correct by a verdict is published as correct.
{{ config(materialized='view') }}

with

graded as (
    select * from {{ ref('int_ipw_graded') }}
),

trajectories as (
    select * from {{ ref('int_trajectories_unioned') }}
),

selected as (
    select distinct record_id
    from {{ ref('int_ipw_selections') }}
    where reason is null
),

joined as (
    select
        trajectories.*,
        graded.is_correct,
        {{ turn_starts('trajectories.messages') }} as starts
    from trajectories
    inner join graded on trajectories.record_id = graded.record_id
    semi join selected on trajectories.record_id = selected.record_id
),

bounded as (
    select
        *,
        {{ turn_bounds('messages', 'starts') }} as bounds
    from joined
),

final as (
    select
        record_id,
        task_id as sample_id,
        {{ ipw_conversations('messages', 'bounds') }} as conversations,
        {{ ipw_tool_calls('messages', 'bounds') }} as tool_calls,
        {{ json_text_at('metadata', "'$.ground_truth'") }} as ground_truth,
        {{ json_text_at('metadata', "'$.final_answer'") }} as final_answer,
        is_correct or success as success,
        {% for name in ['total_energy_joules', 'total_latency_seconds', 'total_cost_usd'] -%}
            try_cast({{ json_text_at('metadata', "'$." ~ name ~ "'") }} as double) as {{ name }},
        {% endfor -%}
        try_cast({{ json_text_at('metadata', "'$.total_tokens'") }} as bigint) as total_tokens,
        coalesce(
            try_cast({{ json_text_at('metadata', "'$.num_turns'") }} as bigint),
            len({{ list_where('bounds', 'turn', ipw_is_assistant('messages[turn.first].role')) }})
        ) as num_turns,
        {{ json_text_at('metadata', "'$.source_dataset'") }} as source_dataset,
        category,
        model as teacher_model,
        tools_used
    from bounded
)

select * from final

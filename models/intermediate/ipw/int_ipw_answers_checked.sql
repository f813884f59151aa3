-- Grain: one landed trajectory of the family ipw, its final answer compared with the expected one.
-- A table: the comparison runs once.
with

trajectories as (
    select
        record_id,
        trajectory_id,
        success,
        {{ json_text_at('metadata', "'$.final_answer'") }} as final_answer,
        {{ json_text_at('metadata', "'$.ground_truth'") }} as ground_truth
    from {{ ref('int_trajectories_unioned') }}
    where family = 'ipw'
),

compared as (
    select
        *,
        {{ udf('check_answers', ['final_answer', 'ground_truth']) }} as answer_check
    from trajectories
),

final as (
    select
        record_id,
        trajectory_id,
        success,
        final_answer,
        ground_truth,
        answer_check['verdict'] as verdict,
        answer_check['method'] as method,
        case
            when answer_check['verdict'] != 'unknown' then (answer_check['verdict'] = 'equal') = success
        end as agrees_with_success
    from compared
)

select * from final

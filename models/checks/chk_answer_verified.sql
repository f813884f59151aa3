-- Grain: one trajectory of the family ipw whose final answer contradicts the success that was
-- recorded.
with

checked as (
    select * from {{ ref('int_ipw_answers_checked') }}
),

violations as (
    select
        record_id,
        'answer_disagrees' as reason,
        null::integer as position,
        null::integer as turn,
        'the ' || method || ' of ' || {{ as_json('final_answer[:60]') }}::varchar || ' is '
        || case verdict when 'equal' then 'that' else 'not that' end || ' of '
        || {{ as_json('ground_truth[:60]') }}::varchar || ', success is ' || success as detail
    from checked
    where not agrees_with_success
)

select * from violations

-- Grain: one call or output whose partner is not there, or whose id its block holds twice. The
-- calls of the last block may stay unanswered: an episode may end on its call.
with

paired as (
    select * from {{ ref('int_calls_paired') }}
),

violations as (
    select
        record_id,
        position,
        turn,
        case
            when n_same_id_in_block > 1 then 'call_id_repeated'
            when role = 'tool_output' then 'output_without_call'
            else 'call_without_output'
        end as reason,
        'id ' || coalesce(call_id, 'null') as detail
    from paired
    where
        n_same_id_in_block > 1
        or (role = 'tool_output' and partner_position is null)
        or (role = 'tool_call' and partner_position is null and block < last_block)
)

select * from violations

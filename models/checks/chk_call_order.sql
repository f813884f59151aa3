-- Grain: one call or output that is paired but not as usual: outputs in another order than their
-- calls, an id used again by a later turn, a last call without its output.
with

paired as (
    select * from {{ ref('int_calls_paired') }}
),

reused as (
    select
        *,
        count(distinct block) over (partition by record_id, call_id) as n_blocks_of_id
    from paired
),

violations as (
    select
        record_id,
        position,
        turn,
        case
            when n_blocks_of_id > 1 then 'call_id_reused'
            when partner_position is null then 'last_call_unanswered'
            else 'outputs_out_of_order'
        end as reason,
        'id ' || coalesce(call_id, 'null') as detail
    from reused
    where
        n_blocks_of_id > 1
        or (role = 'tool_call' and partner_position is null and block = last_block)
        or (role = 'tool_output' and partner_number != number_in_block)
)

select * from violations

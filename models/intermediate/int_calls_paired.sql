-- Grain: one tool call or tool output, numbered among its like in the block of one assistant turn,
-- and with its partner's position. Ids count within a block: some harnesses use them again. An
-- output without an id answers the call at its place.
with

messages as (
    select * from {{ ref('int_messages_unnested') }}
    where role in ('tool_call', 'tool_output')
),

blocks_found as (
    select
        *,
        max(case when role = 'tool_call' then turn end) over (
            partition by record_id
            order by position
        ) as block
    from messages
),

placed as (
    select
        *,
        row_number() over (
            partition by record_id, block, role
            order by position
        ) as number_in_block
    from blocks_found
),

named as (
    select
        placed.record_id,
        placed.position,
        placed.turn,
        placed.role,
        placed.block,
        placed.number_in_block,
        coalesce(placed.call_id, calls.call_id) as call_id
    from placed
    left join placed as calls
        on
            placed.role = 'tool_output'
            and calls.role = 'tool_call'
            and placed.record_id = calls.record_id
            and placed.block = calls.block
            and placed.number_in_block = calls.number_in_block
),

numbered as (
    select
        *,
        count(*) over (partition by record_id, block, role, call_id) as n_same_id_in_block,
        max(block) over (partition by record_id) as last_block
    from named
),

first_of_id as (
    select * from numbered
    qualify row_number() over (
        partition by record_id, block, role, call_id
        order by position
    ) = 1
),

paired as (
    select
        numbered.record_id,
        numbered.position,
        numbered.turn,
        numbered.role,
        numbered.call_id,
        numbered.block,
        numbered.last_block,
        numbered.number_in_block,
        numbered.n_same_id_in_block,
        partners.position as partner_position,
        partners.number_in_block as partner_number
    from numbered
    left join first_of_id as partners
        on
            numbered.record_id = partners.record_id
            and numbered.block = partners.block
            and numbered.role != partners.role
            and numbered.call_id = partners.call_id
)

select * from paired

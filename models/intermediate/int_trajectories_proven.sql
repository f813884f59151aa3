-- Grain: one trajectory that passed the checks and, where its family is tokenized, of which one
-- example at least is proven: what may compete among duplicates and be accepted.
{{ config(materialized='view') }}

with

passed as (
    select
        record_id,
        trajectory_id
    from {{ ref('int_trajectories_chat') }}
),

unproven as (
    select record_id
    from {{ ref('int_examples_fitted') }}
    group by record_id
    having count(*) filter (where reason is null) = 0
),

proven as (
    select passed.*
    from passed
    anti join unproven on passed.record_id = unproven.record_id
)

select * from proven

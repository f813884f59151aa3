-- Grain: one trajectory that passed the checks and, where its family is tokenized, whose tokens are
-- proven: what may compete among duplicates and be accepted.
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
    from {{ ref('int_trajectories_tokenized') }}
    where reason is not null
),

proven as (
    select passed.*
    from passed
    anti join unproven on passed.record_id = unproven.record_id
)

select * from proven

-- Grain: one accepted trial of the family seta, with what its published row holds beside tokens.
{{ config(materialized='view') }}

with

accepted as (
    select * from {{ ref('int_trajectories_accepted') }}
),

trajectories as (
    select * from {{ ref('int_trajectories_unioned') }}
    where family = 'seta'
),

snapshots_read as (
    select
        *,
        {{ json_text_at('metadata', "'$.raw_conv_json'") }} as raw_conv_json
    from trajectories
),

snapshots_parsed as (
    select
        *,
        {{ json_parse('raw_conv_json', seta_snapshot_shape()) }} as snapshot
    from snapshots_read
),

final as (
    select
        snapshots_parsed.record_id,
        snapshots_parsed.dataset,
        snapshots_parsed.task_id,
        snapshots_parsed.source_key as trial_uid,
        snapshots_parsed.reward,
        snapshots_parsed.model,
        snapshots_parsed.raw_conv_json,
        snapshots_parsed.snapshot,
        {{ json_text_at('snapshots_parsed.metadata', "'$.conv_json_path'") }} as conv_json_path,
        {{ seta_token_counts('snapshots_parsed.snapshot', 'snapshots_parsed.metadata') }}
            as provider_token_counts,
        {{ seta_chain_position('snapshots_parsed.metadata') }} as chain_position
    from snapshots_parsed
    semi join accepted on snapshots_parsed.record_id = accepted.record_id
)

select * from final

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

final as (
    select
        trajectories.record_id,
        trajectories.dataset,
        trajectories.task_id,
        trajectories.source_key as trial_uid,
        trajectories.reward,
        trajectories.model,
        {{ json_text_at('trajectories.metadata', "'$.conv_json_path'") }} as conv_json_path,
        {{ json_parse(
            json_at('trajectories.metadata', "'$.provider_token_counts'"), seta_token_counts_shape()
        ) }} as provider_token_counts,
        {{ json_text_at('trajectories.metadata', "'$.raw_conv_json'") }} as raw_conv_json,
        {{ json_text_at('trajectories.metadata', "'$.call_arguments'") }} as call_arguments,
        {{ seta_chain_position('trajectories.metadata') }} as chain_position
    from trajectories
    semi join accepted on trajectories.record_id = accepted.record_id
)

select * from final

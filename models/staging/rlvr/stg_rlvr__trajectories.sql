-- Grain: one landed rollout, its outputs mended where the replay says so: what everything after
-- this sees. Of rollouts of one question one that completed by itself is preferred.
with

rollouts as (
    select * from {{ ref('stg_rlvr__rollouts') }}
),

questions as (
    select * from {{ ref('stg_rlvr__questions') }}
    where reason is null
),

mended as (
    select
        record_id,
        map_from_entries(list({{ struct_of([
            ['position', 'position'], ['content', 'mended'],
        ]) }})) as contents
    from {{ ref('stg_rlvr__replays') }}
    where reason is not null
    group by record_id
),

doubted as (
    select distinct record_id
    from {{ ref('stg_rlvr__replays') }}
    where doubt is not null
),

joined as (
    select
        rollouts.* replace (
            list_concat(
                rollouts.message_flags,
                case when mended.record_id is not null then ['outputs_mended'] else [] end,
                case when doubted.record_id is not null then ['outputs_doubtful'] else [] end,
                case when questions.qa_id is null then ['question_missing'] else [] end
            ) as message_flags,
            case
                when mended.record_id is null then rollouts.messages
                else {{ rlvr_contents_replaced('rollouts.messages', 'mended.contents') }}
            end as messages
        ),
        {{ json_text_at('rollouts.metadata', "'$.status'") }} as status
    from rollouts
    left join mended on rollouts.record_id = mended.record_id
    left join doubted on rollouts.record_id = doubted.record_id
    left join questions
        on rollouts.dataset = questions.dataset and rollouts.source_id = questions.qa_id
),

final as (
    select {{ staged_columns(
        "case status when 'completed' then 0 when 'completed_forced' then 1 else 2 end"
    ) }}
    from joined
)

select * from final

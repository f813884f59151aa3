-- Grain: one accepted trial of the family seta and one of its two marts: whether the mart holds it.
-- A mart holds one trial of each task of a dataset: the one with the highest reward, of equals the
-- one from the latest results directory of the chain, then the first by name.
with

trials as (
    select
        record_id,
        dataset,
        task_id,
        trial_uid,
        reward,
        chain_position
    from {{ ref('int_seta_trials') }}
),

tokenized as (
    select
        mart,
        record_id,
        reason,
        detail
    from {{ ref('int_seta_tokenized') }}
),

rendered as (
    select
        trials.*,
        tokenized.mart
    from trials
    inner join tokenized on trials.record_id = tokenized.record_id
    where tokenized.reason is null
),

ranked as (
    select
        mart,
        record_id,
        trial_uid,
        reward,
        first_value(record_id) over best_first as kept_record_id,
        first_value(trial_uid) over best_first as kept_trial_uid,
        first_value(reward) over best_first as kept_reward
    from rendered
    window best_first as (
        partition by mart, dataset, task_id
        order by reward desc, chain_position desc, trial_uid asc, record_id asc
    )
),

selected as (
    select
        mart,
        record_id,
        case when record_id != kept_record_id then 'better_trial' end as reason,
        case
            when record_id != kept_record_id
                then 'reward ' || reward || '; ' || kept_trial_uid || ' has ' || kept_reward
        end as detail,
        nullif(kept_record_id, record_id) as kept_record_id
    from ranked
),

final as (
    select * from selected
    union all
    select
        mart,
        record_id,
        'not_rendered' as reason,
        reason || ': ' || detail as detail,
        null::varchar as kept_record_id
    from tokenized
    where reason is not null
)

select * from final

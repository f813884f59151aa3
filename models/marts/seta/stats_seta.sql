-- Grain: one row of the Statistics table of the dataset card of seta_sft_thinking.
with

trials as (
    select
        reward,
        local_token_count,
        n_assistant_tokens
    from {{ ref('seta_sft_thinking') }}
),

measured as (
    select
        count(*) as n_rows,
        sum(local_token_count) as n_tokens,
        sum(n_assistant_tokens) as n_trained_tokens,
        avg(local_token_count) as mean_tokens,
        median(local_token_count) as median_tokens,
        max(local_token_count) as max_tokens,
        count(*) filter (where reward = 1.0) as n_perfect,
        avg(reward) as mean_reward
    from trials
),

listed as (
    select
        1 as position,
        'rows' as statistic,
        {{ grouped_number('n_rows') }} as value,
        n_rows::double as number
    from measured
    union all
    select
        2 as position,
        'total tokens' as statistic,
        {{ grouped_number('n_tokens') }} as value,
        n_tokens::double as number
    from measured
    union all
    select
        3 as position,
        'trainable tokens' as statistic,
        {{ number_with_share('n_trained_tokens', 'n_tokens') }} as value,
        n_trained_tokens::double as number
    from measured
    union all
    select
        4 as position,
        'tokens / row (mean)' as statistic,
        {{ fixed_number('mean_tokens', 0) }} as value,
        mean_tokens as number
    from measured
    union all
    select
        5 as position,
        'tokens / row (median)' as statistic,
        {{ fixed_number('median_tokens', 0) }} as value,
        median_tokens as number
    from measured
    union all
    select
        6 as position,
        'tokens / row (max)' as statistic,
        {{ grouped_number('max_tokens') }} as value,
        max_tokens::double as number
    from measured
    union all
    select
        7 as position,
        'reward = 1.0 rows' as statistic,
        {{ number_with_share('n_perfect', 'n_rows') }} as value,
        n_perfect::double as number
    from measured
    union all
    select
        8 as position,
        'reward (mean)' as statistic,
        {{ fixed_number('mean_reward', 3) }} as value,
        mean_reward as number
    from measured
)

select * from listed

-- Grain: one example as tokens, or a stretch of one that was too long, or the reason why there are
-- none. Rows longer than var max_length are rejected, cut behind a turn, or split where turns end.
{{ config(materialized='view') }}

with

tokenized as (
    select
        *,
        {{ loss_mask_of('loss_runs') }} as loss_mask,
        {{ loss_weight_of('loss_runs') }} as loss_weight,
        n_tokens as n_tokens_whole,
        {{ max_length() or 'null' }}::integer as max_length
    from {{ ref('int_trajectories_tokenized') }}
),

fitting as (
    select
        record_id,
        trajectory_id,
        example_id,
        trained_from,
        dataset,
        task_id,
        input_ids,
        loss_mask,
        loss_weight,
        turn_ends,
        n_tokens,
        n_trained_tokens,
        n_tokens_whole,
        null::varchar as over_length,
        tokenizer,
        reason,
        detail
    from tokenized
    where coalesce(n_tokens <= max_length, true)
),

too_long as (
    select
        *,
        {{ stretches_of(over_length(), 'n_tokens', 'turn_ends', 'max_length') }} as stretches
    from tokenized
    where n_tokens > max_length
),

judged as (
    select
        *,
        coalesce(
            list_max({{ list_map('stretches', 'stretch', 'stretch.stops - stretch.starts') }}),
            n_tokens
        ) as n_longest
    from too_long
),

rejected as (
    select
        record_id,
        trajectory_id,
        example_id,
        trained_from,
        dataset,
        task_id,
        null::integer[] as input_ids,
        null::tinyint[] as loss_mask,
        null::float[] as loss_weight,
        null::integer[] as turn_ends,
        null::integer as n_tokens,
        null::integer as n_trained_tokens,
        n_tokens_whole,
        null::varchar as over_length,
        tokenizer,
        'over_length' as reason,
        n_longest || ' tokens are more than ' || max_length as detail
    from judged
    where n_longest > max_length
),

unnested as (
    select
        *,
        unnest(stretches) as stretch
    from judged
    where n_longest <= max_length
),

bounded as (
    select
        *,
        stretch['number'] as stretch_number,
        stretch['stops'] as last_token,
        stretch['starts'] + 1 as first_token
    from unnested
),

cut as (
    select
        *,
        last_token - first_token + 1 as n_tokens_left,
        coalesce(list_sum(loss_mask[first_token:last_token]), 0)::integer as n_trained_left
    from bounded
),

cut_to_fit as (
    select
        record_id,
        trajectory_id,
        {{ "example_id || '~' || stretch_number" if over_length() == 'split' else 'example_id' }}
            as example_id,
        trained_from,
        dataset,
        task_id,
        input_ids[first_token:last_token] as input_ids,
        loss_mask[first_token:last_token] as loss_mask,
        loss_weight[first_token:last_token] as loss_weight,
        {{ list_map(
            list_where('turn_ends', 'turn_end', 'turn_end between first_token and last_token'),
            'turn_end',
            'turn_end - first_token + 1'
        ) }} as turn_ends,
        n_tokens_left as n_tokens,
        n_trained_left as n_trained_tokens,
        n_tokens_whole,
        '{{ over_length() }}' as over_length,
        tokenizer,
        case when n_trained_left = 0 then 'no_trained_tokens' end as reason,
        case
            when n_trained_left = 0
                then 'nothing is trained of tokens ' || first_token || ' to ' || last_token
        end as detail
    from cut
),

final as (
    select * from fitting
    union all
    select * from rejected
    union all
    select * from cut_to_fit
)

select * from final

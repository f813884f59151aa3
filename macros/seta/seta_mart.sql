{#- A published mart: the columns of the card, for the trials that it holds. -#}
{% macro seta_mart(mart) -%}
with

selections as (
    select record_id
    from {{ ref('int_seta_selections') }}
    where mart = '{{ mart }}' and reason is null
),

trials as (
    select * from {{ ref('int_seta_trials') }}
),

tokenized as (
    select * from {{ ref('int_seta_tokenized') }}
    where mart = '{{ mart }}'
),

final as (
    select
        trials.task_id,
        trials.trial_uid,
        trials.reward,
        trials.model,
        trials.conv_json_path,
        trials.provider_token_counts,
        tokenized.n_tokens::bigint as local_token_count,
        tokenized.n_trained_tokens::bigint as n_assistant_tokens,
        tokenized.n_messages::bigint as n_messages,
        trials.raw_conv_json,
        tokenized.chat_template_str,
        tokenized.input_ids,
        tokenized.loss_mask::bigint[] as loss_mask
    from trials
    semi join selections on trials.record_id = selections.record_id
    inner join tokenized on trials.record_id = tokenized.record_id
)

select * from final
{%- endmacro %}

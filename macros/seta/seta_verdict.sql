{#-
  The reward of a trial: the share of its tests that passed, 0 where there are none, by the summary
  that both dialects of CTRF have; without a usable summary what Harbor's result says, or the reward
  that a published row has. Null where nothing says anything.
-#}
{% macro seta_reward(metadata, reward) -%}
    {%- set tests -%}
        try_cast({{ json_text_at(metadata, "'$.ctrf.results.summary.tests'") }} as double)
    {%- endset -%}
    {%- set passed -%}
        try_cast({{ json_text_at(metadata, "'$.ctrf.results.summary.passed'") }} as double)
    {%- endset -%}
    coalesce(
        case
            when {{ tests }} = 0 and coalesce({{ passed }}, 0) = 0 then 0.0
            when {{ passed }} between 0 and {{ tests }} then {{ passed }} / {{ tests }}
        end,
        try_cast(
            {{ json_text_at(metadata, "'$.result.verifier_result.rewards.reward'") }} as double
        ),
        {{ reward }}
    )
{%- endmacro %}

{#- What a trial is a trial of: its directory's name without `_t{n}_{hex}`, or what its reports say. -#}
{% macro seta_task(trial_uid, metadata) -%}
    coalesce(
        nullif(regexp_extract({{ trial_uid }}, '^(.+)_t\d+_[0-9a-f]+$', 1), ''),
        {{ json_text_at(metadata, "'$.result.task_name'") }},
        {{ json_text_at(metadata, "'$.run_info.task_name'") }}
    )
{%- endmacro %}

{#- Of two records of one trial, the one from the later results directory, then the longer, is kept. -#}
{% macro seta_precedence(metadata, source_messages) -%}
    -1 * (
        1000000 * least({{ seta_chain_position(metadata) }}, 2000)
        + least(len({{ source_messages }}), 999999)
    )
{%- endmacro %}

{#- Which results directory of the chain a trial is from, from 1; 0 for a published row. -#}
{% macro seta_chain_position(metadata) -%}
    coalesce(try_cast({{ json_text_at(metadata, "'$.chain_position'") }} as integer), 0)
{%- endmacro %}

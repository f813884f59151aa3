-- Grain: one accepted rollout and one published mart: whether it is in, and why not.
{{ config(materialized='view') }}

with

measures as (
    select * from {{ ref('int_rlvr_measures') }}
),


environments as (
    {% for mart, dataset in var('rlvr_marts').items() -%}
        select
            '{{ mart }}' as mart,
            '{{ dataset }}' as environment
        {{ 'union all' if not loop.last }}
    {% endfor %}
),

judged as (
    select
        environments.mart,
        environments.environment,
        measures.record_id,
        measures.dataset,
        measures.status,
        case
            when measures.dataset != environments.environment then 'other_environment'
            when coalesce(measures.status, '') not in ('completed', 'completed_forced')
                then 'not_completed'
            when
                measures.gt_seen_in_search is null
                or measures.gt_opened is null
                or measures.gt_cited is null
                then 'question_missing'
        end as reason
    from measures
    cross join environments
),

final as (
    select
        mart,
        record_id,
        reason,
        case reason
            when 'other_environment' then 'of ' || dataset || ', not of ' || environment
            when 'not_completed' then 'status ' || coalesce(status, 'missing')
            when 'question_missing' then 'no question with ground truth, and no values of its own'
        end as detail,
        null::varchar as kept_record_id
    from judged
)

select * from final

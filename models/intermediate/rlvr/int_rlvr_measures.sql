-- Grain: one accepted rollout with what its published row says about it, all of it computed from
-- the messages and the question. Where no question has landed, what the record itself says remains.
with

accepted as (
    select record_id
    from {{ ref('int_trajectories_accepted') }}
),

trajectories as (
    select
        record_id,
        dataset,
        source_key as qa_id,
        metadata,
        {{ rlvr_called_tools('messages') }} as called_tools,
        messages[len(messages)]['content'] as answer
    from {{ ref('int_trajectories_unioned') }}
    where family = 'rlvr'
),

questions as (
    select
        dataset,
        qa_id,
        gt_doc_ids
    from {{ ref('stg_rlvr__questions') }}
    where reason is null
),

documents_met as (
    select
        record_id,
        {{ list_flat("list(doc_ids) filter (where tool_name != 'open_document')") }} as searched,
        {{ list_flat("list(doc_ids) filter (where tool_name = 'open_document')") }} as opened
    from {{ ref('stg_rlvr__replays') }}
    group by record_id
),

joined as (
    select
        trajectories.*,
        questions.gt_doc_ids,
        coalesce(documents_met.searched, []) as searched,
        coalesce(documents_met.opened, []) as opened
    from trajectories
    semi join accepted on trajectories.record_id = accepted.record_id
    left join questions
        on trajectories.dataset = questions.dataset and trajectories.qa_id = questions.qa_id
    left join documents_met on trajectories.record_id = documents_met.record_id
),

cited_found as (
    select
        *,
        {{ rlvr_cited(
            'answer', 'list_concat(searched, opened, coalesce(gt_doc_ids, []))'
        ) }} as cited
    from joined
),

final as (
    select
        record_id,
        dataset,
        qa_id,
        {{ json_text_at('metadata', "'$.status'") }} as status,
        {% for name, met in [
            ('gt_seen_in_search', 'searched'), ('gt_opened', 'opened'), ('gt_cited', 'cited'),
        ] -%}
            case
                when gt_doc_ids is not null then list_has_any(gt_doc_ids, {{ met }})
                else try_cast({{ json_text_at('metadata', "'$." ~ name ~ "'") }} as boolean)
            end as {{ name }},
        {% endfor -%}
        {{ rlvr_ids_as_json('cited') }} as cited_doc_ids,
        {{ rlvr_n_called('called_tools', ['semantic_search', 'regex_search']) }} as n_searches,
        {{ rlvr_n_called('called_tools', ['open_document']) }} as n_opens,
        len(called_tools)::bigint as n_tool_actions
    from cited_found
)

select * from final

{#- The doc_ids that answer a question: a JSON list, a list as JSON text, or one id; each once, sorted. -#}
{% macro rlvr_ground_truth(record) -%}
    {%- set value = first_json_at(record, "['$.ground_truth_doc_ids', '$.gt_doc_ids', "
        ~ "'$.ground_truth_doc_id', '$.gt_doc_id', '$.doc_ids']") -%}
    {%- set listed -%}
        case
            when {{ json_kind(value) }} = 'ARRAY' then {{ value }}
            when {{ is_json(json_text(value)) }} and starts_with({{ json_text(value) }}, '[')
                then {{ json_text(value) }}::json
            when {{ value }} is not null then {{ as_json('[' ~ json_text(value) ~ ']') }}
        end
    {%- endset -%}
    list_sort(list_distinct({{ list_where(
        list_map(
            'coalesce(' ~ json_parse(listed, '["JSON"]') ~ ', [])',
            'doc_id',
            canonical_id('doc_id')
        ),
        'doc_id',
        'doc_id is not null'
    ) }}))
{%- endmacro %}

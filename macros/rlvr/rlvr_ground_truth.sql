{#-
  The doc_ids that answer a question: a JSON list, a list as JSON text, or one id; each once, sorted. An
  element is an id or an object with a doc_id. What is empty gives way to the next name.
-#}
{% macro rlvr_ground_truth(record) -%}
    {%- set paths -%}
        ['$.ground_truth_doc_ids', '$.gt_doc_ids', '$.ground_truth_doc_id', '$.gt_doc_id', '$.doc_ids']
    {%- endset -%}
    {%- set filled = list_where(
        paths,
        'candidate_path',
        "coalesce(regexp_replace(" ~ json_text_at(record, 'candidate_path')
        ~ ", '\\s+', '', 'g'), '') not in ('', '[]')"
    ) -%}
    {%- set value = json_at(record, filled ~ '[1]') -%}
    {%- set text = 'trim(' ~ json_text(value) ~ ", ' ' || chr(9) || chr(10) || chr(13))" -%}
    {%- set listed -%}
        case
            when {{ json_kind(value) }} = 'ARRAY' then {{ value }}
            when starts_with({{ text }}, '[')
                then case when {{ is_json(text) }} then {{ text }}::json end
            when {{ json_kind(value) }} = 'OBJECT' then {{ as_json('[' ~ value ~ ']') }}
            when {{ value }} is not null then {{ as_json('[' ~ text ~ ']') }}
        end
    {%- endset -%}
    {%- set id -%}
        case
            when {{ json_kind('doc_id') }} = 'OBJECT'
                then {{ canonical_id(json_at('doc_id', "'$.doc_id'")) }}
            else {{ canonical_id('doc_id') }}
        end
    {%- endset -%}
    list_sort(list_distinct({{ list_where(
        list_map('coalesce(' ~ json_parse(listed, '["JSON"]') ~ ', [])', 'doc_id', id),
        'doc_id',
        'doc_id is not null'
    ) }}))
{%- endmacro %}

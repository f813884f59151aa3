{#- The first value that is there and not null among several JSON paths, as JSON. -#}
{% macro first_json_at(document, paths) -%}
    {{ list_where(
        list_map(paths, 'candidate_path', json_at(document, 'candidate_path')),
        'candidate',
        "candidate is not null and " ~ json_kind('candidate') ~ " != 'NULL'"
    ) }}[1]
{%- endmacro %}

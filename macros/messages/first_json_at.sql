{#- The paths among several at which there is a value that is not null. -#}
{% macro paths_found(document, paths) -%}
    {{ list_where(
        paths,
        'candidate_path',
        "coalesce(" ~ json_kind(json_at(document, 'candidate_path')) ~ ", 'NULL') != 'NULL'"
    ) }}
{%- endmacro %}

{#- The first value that is there and not null among several JSON paths, as JSON. -#}
{% macro first_json_at(document, paths) -%}
    {{ json_at(document, paths_found(document, paths) ~ '[1]') }}
{%- endmacro %}

{#- The path of that value, as a list of one; an empty list where there is none. -#}
{% macro first_path_at(document, paths) -%}
    {{ paths_found(document, paths) }}[:1]
{%- endmacro %}

{#- The paths that several fields were found at, each at the first of its own. -#}
{% macro paths_taken(document, field_paths, fields) -%}
    list_concat(
        {%- for field in fields %}
        coalesce({{ first_path_at(document, field_paths ~ '.' ~ field) }}, []::varchar[])
        {{- "," if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}

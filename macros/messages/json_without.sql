{#-
  A document without the values at some JSON paths. A path into a list is left as it is, and so is a
  path that leads nowhere.
-#}
{% macro json_without(document, paths) -%}
    {%- set keys -%}
        regexp_extract_all(member_path, '\.("(?:[^"\\]|\\.)*"|[^."\[]+)', 1)
    {%- endset -%}
    {%- set opened -%}
        {{ list_join(list_map(
            keys,
            'member_key',
            "'{' || case when starts_with(member_key, '\"') then member_key else "
            ~ as_json('member_key') ~ "::varchar end || ':'"
        )) }}
    {%- endset -%}
    {%- set removable -%}
        not regexp_matches(member_path, '\[\d+\]')
        and {{ json_at('remaining', 'member_path') }} is not null
    {%- endset -%}
    {{ list_fold(
        'coalesce(' ~ paths ~ ', []::varchar[])',
        'remaining',
        'member_path',
        "case when " ~ removable ~ " then " ~ json_patched(
            'remaining',
            opened ~ " || 'null' || repeat('}', len(" ~ keys ~ "))"
        ) ~ "::varchar else remaining end",
        document ~ '::varchar'
    ) }}
{%- endmacro %}

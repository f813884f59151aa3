{#- An identifier as text: 1, "1" and 1.0 are the same, and an empty one is none. -#}
{% macro canonical_id(value) -%}
    nullif(
        trim(case {{ json_kind(value) }}
            when 'DOUBLE' then regexp_replace({{ json_text(value) }}, '^(-?\d+)\.0+$', '\1')
            else {{ json_text(value) }}
        end),
        ''
    )
{%- endmacro %}

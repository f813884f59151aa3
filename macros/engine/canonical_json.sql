{#-
  A JSON text in one canonical form: keys in their order, `, ` and `: ` between, no escapes that are
  not needed, as chat templates print it. A text that is not JSON stays as it is.
-#}
{% macro canonical_json(text) -%}
    {%- set tokens -%}
        regexp_extract_all(
            json({{ text }})::varchar,
            '"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^"{}\[\],:\s]+'
        )
    {%- endset -%}
    case
        when not {{ is_json(text) }} then {{ text }}
        else {{ list_join(list_map(
            tokens,
            'json_token',
            "case json_token when ',' then ', ' when ':' then ': ' else json_token end"
        )) }}
    end
{%- endmacro %}

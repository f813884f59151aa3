{#-
  A JSON text in one canonical form: keys in their order, `, ` and `: ` between, no escapes that are
  not needed, as chat templates print it. A text that is not JSON stays as it is, and so does an object
  of plain texts that is in that form already, which most arguments are.
-#}
{% macro canonical_json(text) -%}
    {%- set tokens -%}
        regexp_extract_all(
            json({{ text }})::varchar,
            '"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^"{}\[\],:\s]+'
        )
    {%- endset -%}
    {%- set text_member -%}
        "\w+": "[^"\\\x00-\x1f]*"
    {%- endset -%}
    case
        when regexp_full_match({{ text }}, '\{ {{- text_member }}(?:, {{ text_member }})*\}')
            then {{ text }}
        when not {{ is_json(text) }} then {{ text }}
        else {{ list_join(list_map(
            tokens,
            'json_token',
            "case json_token when ',' then ', ' when ':' then ': ' else json_token end"
        )) }}
    end
{%- endmacro %}

{#- JSON access. Documents and paths are SQL expressions; a path may differ from row to row. -#}

{#- The JSON value at a path; null where there is none. -#}
{% macro json_at(document, path) -%}
    json_extract({{ document }}, {{ path }})
{%- endmacro %}

{#- The value at a path as text: strings without quotes, everything else as JSON. -#}
{% macro json_text_at(document, path) -%}
    json_extract_string({{ document }}, {{ path }})
{%- endmacro %}

{#- The text of a JSON value. -#}
{% macro json_text(value) -%}
    json_extract_string({{ value }}, '$')
{%- endmacro %}

{#- OBJECT, ARRAY, VARCHAR, BOOLEAN, NULL or the name of a number type. -#}
{% macro json_kind(value) -%}
    json_type({{ value }})
{%- endmacro %}

{#- A JSON value as nested columns; `shape` is a JSON text with type names as values. -#}
{% macro json_parse(value, shape) -%}
    from_json({{ value }}, '{{ shape }}')
{%- endmacro %}

{#- Whether a text is JSON; the engine alone would also take NaN, Infinity and trailing commas. -#}
{% macro is_json(text) -%}
    (json_valid({{ text }}) and not regexp_matches(
        regexp_replace({{ text }}, '"(?:[^"\\]|\\.)*"', '""', 'g'), '(?i)nan|inf|,\s*[\]}]'
    ))
{%- endmacro %}

{#- A value as JSON. -#}
{% macro as_json(value) -%}
    to_json({{ value }})
{%- endmacro %}

{#- A document without the members that are null in `patch` (RFC 7396). -#}
{% macro json_patched(document, patch) -%}
    json_merge_patch({{ document }}, {{ patch }})
{%- endmacro %}

{#- Whether the engine can read a text as JSON, NaN and trailing commas included. -#}
{% macro is_json_lax(text) -%}
    json_valid({{ text }})
{%- endmacro %}

{#- The names of a JSON object's members, in its order. -#}
{% macro json_members(object) -%}
    json_keys({{ object }})
{%- endmacro %}

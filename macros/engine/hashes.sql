{#- The SHA-256 of a text, in hexadecimal. -#}
{% macro sha256_of(text) -%}
    sha256({{ text }})
{%- endmacro %}

{#- A text in Unicode normalization form C. -#}
{% macro nfc(text) -%}
    nfc_normalize({{ text }})
{%- endmacro %}

{#- A number from 0 to `count` - 1 that depends on a text alone. -#}
{% macro hash_bucket(text, count) -%}
    (md5_number_lower({{ text }}) % {{ count }})::integer
{%- endmacro %}

{#- A setting of the retrieval environment (var rlvr_environment). -#}
{% macro rlvr_environment(name) -%}
    {{ var('rlvr_environment')[name] }}
{%- endmacro %}

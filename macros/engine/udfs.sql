{#- A call of a Python function registered by the plugin. -#}
{% macro udf(name, arguments) -%}
    {{ name }}({{ arguments | join(', ') }})
{%- endmacro %}

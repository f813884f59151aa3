{#- The folder that `trajhouse ingest` lands in. -#}
{% macro landing_folder() -%}
    {{ var('landing', env_var('TRAJHOUSE_WAREHOUSE', 'warehouse') ~ '/landing') }}
{%- endmacro %}

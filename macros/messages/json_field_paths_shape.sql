{#- The shape of `files.fields`: for each field, the JSON paths it is looked for at. -#}
{% macro json_field_paths_shape() -%}
    {
    {%- for field in [
        'messages', 'id', 'task_id', 'model', 'success', 'reward', 'category', 'tools',
        'question', 'text'
    ] -%}
        "{{ field }}": ["VARCHAR"]{{ ", " if not loop.last }}
    {%- endfor -%}
    }
{%- endmacro %}

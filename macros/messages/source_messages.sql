{#-
  Messages of a source as structs: `raw`, a message as it stands, and `fields`, what is read of it.

  messages: SQL for a list of JSON values
  shape: the fields that are read, as for `json_parse`
-#}
{% macro source_messages(messages, shape) -%}
    {{ list_map(messages, 'raw_message', struct_of([
        ['raw', 'raw_message'],
        ['fields', json_parse('raw_message', shape)],
    ])) }}
{%- endmacro %}

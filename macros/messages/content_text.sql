{#-
  The text of a message's `content`: a string as it is, the text parts of a list joined without
  anything between them, anything else as JSON text; null where there is none.
-#}
{% macro content_text(content) -%}
    case {{ json_kind(content) }}
        when 'NULL' then null
        when 'ARRAY' then {{ list_join(list_map(
            json_parse(content, '["JSON"]'),
            'part',
            "case " ~ json_kind('part') ~ " when 'VARCHAR' then " ~ json_text('part')
            ~ " else coalesce(" ~ json_text_at('part', "'$.text'") ~ ", '') end"
        )) }}
        else {{ json_text(content) }}
    end
{%- endmacro %}

{#- The types of the parts of `content` that are not text: images, audio, files. -#}
{% macro unreadable_parts(content) -%}
    case
        when {{ json_kind(content) }} = 'ARRAY' then {{ list_where(
            list_map(
                json_parse(content, '["JSON"]'),
                'part',
                "case when " ~ json_kind('part') ~ " = 'VARCHAR' then 'text' else coalesce("
                ~ json_text_at('part', "'$.type'") ~ ", 'untyped') end"
            ),
            'part_type',
            "part_type not in ('text', 'input_text', 'output_text')"
        ) }}
        else []::varchar[]
    end
{%- endmacro %}

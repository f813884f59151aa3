{#-
  The outputs of the retrieval tools among canonical messages, each with the argument of the call right
  before it: doc_id, pattern or query; null where the call gives none that can be read; and how many
  results it asked for.
-#}
{% macro rlvr_retrievals_in(messages) -%}
    {%- set output = messages ~ '[output_position]' -%}
    {%- set call = messages ~ '[output_position - 1]' -%}
    {%- set argument -%}
        case
            when {{ is_json_lax(call ~ '.tool_arguments') }} then case {{ call }}.tool_name
                when 'open_document' then {{ canonical_id(first_json_at(
                    call ~ '.tool_arguments', "['$.doc_id', '$.document_id', '$.id']"
                )) }}
                when 'regex_search' then {{ json_text(first_json_at(
                    call ~ '.tool_arguments', "['$.pattern', '$.regex', '$.query']"
                )) }}
                else {{ json_text_at(call ~ '.tool_arguments', "'$.query'") }}
            end
        end
    {%- endset -%}
    {%- set asked -%}
        case
            when {{ is_json_lax(call ~ '.tool_arguments') }} then try_cast({{ json_text(first_json_at(
                call ~ '.tool_arguments', "['$.top_k', '$.k', '$.limit']"
            )) }} as integer)
        end
    {%- endset -%}
    {{ list_map(
        list_where(
            'range(2, len(' ~ messages ~ ') + 1)',
            'output_position',
            output ~ ".role = 'tool_output' and " ~ call ~ ".role = 'tool_call' and "
            ~ call ~ ".tool_name in ('semantic_search', 'regex_search', 'open_document')"
        ),
        'output_position',
        struct_of([
            ['position', 'output_position::integer'],
            ['tool_name', call ~ '.tool_name'],
            ['argument', argument],
            ['asked_k', "case when " ~ asked ~ " > 0 then " ~ asked ~ " end"],
            ['output', 'coalesce(' ~ output ~ ".content, '')"],
        ])
    ) }}
{%- endmacro %}

{#-
  What the tools of a retrieval environment answer: read, judged, and written. The contract is in the
  README of the family's models (models/staging/rlvr/replay.yml) and in var rlvr_environment.
-#}

{#- A search result as JSON: names differ between environments. -#}
{% macro rlvr_result_shape() -%}
    {"doc_id": "VARCHAR", "document_id": "VARCHAR", "id": "VARCHAR", "score": "JSON", "snippet": "VARCHAR", "context": "VARCHAR", "text": "VARCHAR", "content": "VARCHAR"}
{%- endmacro %}

{#- Where the text of such a result is: the name of the member. -#}
{% macro rlvr_text_member(result) -%}
    case
        when {{ result }}.snippet is not null then 'snippet'
        when {{ result }}.context is not null then 'context'
        when {{ result }}.text is not null then 'text'
        when {{ result }}.content is not null then 'content'
    end
{%- endmacro %}

{#- How an output is written: `object` (JSON), `list` (JSON) or `plain`. -#}
{% macro rlvr_form(output) -%}
    case
        when starts_with(ltrim({{ output }}), '{') and {{ is_json_lax(output) }} then 'object'
        when starts_with(ltrim({{ output }}), '[') and {{ is_json_lax(output) }} then 'list'
        else 'plain'
    end
{%- endmacro %}

{#- A text without the white space around it. -#}
{% macro rlvr_trimmed(text) -%}
    regexp_replace({{ text }}, '^[\s\x{00A0}]+|[\s\x{00A0}]+$', '', 'g')
{%- endmacro %}

{#- Whether an output says that the call failed: a JSON object with an error, or a line of refusal. -#}
{% macro rlvr_is_error(output) -%}
    (case
        when starts_with(ltrim({{ output }}), '{') and {{ is_json_lax(output) }}
            then coalesce({{ json_kind(json_at(output, "'$.error'")) }}, 'NULL') != 'NULL'
        else regexp_matches(
            {{ output }},
            '^\s*(?i:\{\s*"error"\s*:|error\s*:|(?:no such document|unknown (?:document|doc_id)|(?:document|doc_id)\b[^\n]{0,200}\bnot (?:found|exist)|invalid (?:regex|regular expression|pattern))\b[^\n]*\s*$)'
        )
    end)
{%- endmacro %}

{#- Whether a search's plain output says that nothing was found. -#}
{% macro rlvr_is_empty(output) -%}
    regexp_matches(
        {{ output }},
        '^\s*(?i:no (?:results?|match(?:es)?|documents?|hits?)(?: (?:were )?found)?(?: for [^\n]*)?\.?)\s*$'
    )
{%- endmacro %}

{#-
  The results that a search's output lists, as (doc_id, text, member, has_score): JSON, an object with
  `results` or a bare list, or plain blocks of `[doc_id] text` with an empty line between. No results
  for an error, null for what cannot be read.
-#}
{% macro rlvr_results(output, form) -%}
    {%- set read = struct_of([
        ['doc_id', 'coalesce(result.doc_id, result.document_id, result.id)'],
        ['text', 'coalesce(result.snippet, result.context, result.text, result.content)'],
        ['member', rlvr_text_member('result')],
        ['has_score', 'result.score is not null'],
    ]) -%}
    {%- set blocks -%}
        string_split(chr(10) || chr(10) || {{ output }}, chr(10) || chr(10) || '[')
    {%- endset -%}
    {%- set block = struct_of([
        ['doc_id', "regexp_extract(block, '^([^\]\s]+)\] ', 1)"],
        ['text', "regexp_replace(block, '^[^\]\s]+\] (\((?:score: ?)?[0-9.]+\) )?', '')"],
        ['member', "null::varchar"],
        ['has_score', "false"],
    ]) -%}
    {%- set read_json -%}
        {{ list_map(
            "case " ~ form ~ " when 'object' then "
            ~ json_parse(output, '{"results": [' ~ rlvr_result_shape() ~ ']}') ~ ".results else "
            ~ json_parse(output, '[' ~ rlvr_result_shape() ~ ']') ~ " end",
            'result',
            read
        ) }}
    {%- endset -%}
    case
        when {{ rlvr_is_error(output) }} or {{ rlvr_is_empty(output) }} then []
        when {{ form }} != 'plain' then case
            when len({{ list_where(read_json, 'result', 'result.doc_id is null') }}) = 0
                then {{ read_json }}
        end
        when regexp_matches({{ output }}, '^\[[^\]\s]+\] ')
            then {{ list_map(blocks ~ '[2:]', 'block', block) }}
    end
{%- endmacro %}

{#- The plain text of a search without results. -#}
{% macro rlvr_no_results() -%}
    'No results.'
{%- endmacro %}

{#- The results as an output of the same form as the one that was recorded. -#}
{% macro rlvr_results_written(results, output, form, recorded) -%}
    {%- set member -%}
        coalesce({{ recorded }}[1].member, 'snippet')
    {%- endset -%}
    {%- set item -%}
        '{"doc_id": ' || {{ as_json('result.doc_id') }}::varchar
        || case when {{ recorded }}[1].has_score then ', "score": 1.0' else '' end
        || ', "' || {{ member }} || '": ' || {{ as_json('result.text') }}::varchar || '}'
    {%- endset -%}
    {%- set items -%}
        '[' || {{ list_join(list_map(results, 'result', item), "', '") }} || ']'
    {%- endset -%}
    case {{ form }}
        when 'list' then {{ items }}
        when 'object' then case
            when {{ json_at(output, "'$.results'") }} is null
                then '{"results": ' || {{ items }} || '}'
            else {{ rlvr_members_replaced(output, [["'results'", items]]) }}
        end
        else case
            when len({{ results }}) = 0 then {{ rlvr_no_results() }}
            else {{ list_join(
                list_map(results, 'result', "'[' || result.doc_id || '] ' || result.text"),
                'chr(10) || chr(10)'
            ) }}
        end
    end
{%- endmacro %}

{#-
  A recorded object with other values for some of its members, in its own order; an error goes.

  members: a list of [name, JSON], both SQL
-#}
{% macro rlvr_members_replaced(object, members) -%}
    {%- set pointer -%}
        '/' || replace(replace(member_key, '~', '~0'), '/', '~1')
    {%- endset -%}
    {%- set value -%}
        case member_key
            {%- for name, value in members %}
            when {{ name }} then {{ value }}
            {%- endfor %}
            else {{ canonical_json(json_at(object, pointer) ~ '::varchar') }}
        end
    {%- endset -%}
    '{' || {{ list_join(
        list_map(
            list_where(json_members(object), 'member_key', "member_key != 'error'"),
            'member_key',
            as_json('member_key') ~ "::varchar || ': ' || " ~ value
        ),
        "', '"
    ) }} || '}'
{%- endmacro %}

{#- An error as an output of the same form as the one that was recorded. -#}
{% macro rlvr_error_written(error, form) -%}
    case {{ form }}
        when 'plain' then 'Error: ' || {{ error }}
        else '{"error": ' || {{ as_json(error) }}::varchar || '}'
    end
{%- endmacro %}

{#- An opened document as an output of the same form as the one that was recorded. -#}
{% macro rlvr_document_written(doc_id, text, output, form) -%}
    {%- set said = json_at(output, "'$.text'") -%}
    {%- set said_otherwise = json_at(output, "'$.content'") -%}
    {%- set new_id = as_json(doc_id) ~ '::varchar' -%}
    {%- set new_text = as_json(text) ~ '::varchar' -%}
    case
        when {{ form }} != 'object' then {{ text }}
        when {{ said }} is not null then {{ rlvr_members_replaced(
            output, [["'doc_id'", new_id], ["'text'", new_text]]
        ) }}
        when {{ said_otherwise }} is not null then {{ rlvr_members_replaced(
            output, [["'doc_id'", new_id], ["'content'", new_text]]
        ) }}
        when coalesce(
            {{ json_at(output, "'$.error'") }}, {{ json_at(output, "'$.doc_id'") }}
        ) is not null then '{"doc_id": ' || {{ new_id }} || ', "text": ' || {{ new_text }} || '}'
        else {{ text }}
    end
{%- endmacro %}

{#-
  Whether an output has the document's whole text, whatever surrounds it: raw, or in a text of its JSON.
  An object that names another document has not.
-#}
{% macro rlvr_is_document(doc_id, text, output, form) -%}
    {%- set whole = rlvr_trimmed(text) -%}
    {%- set named -%}
        case when {{ form }} = 'object' then {{ json_text_at(output, "'$.doc_id'") }} end
    {%- endset -%}
    (case
        when coalesce({{ named }}, {{ doc_id }}) != {{ doc_id }} then false
        when contains({{ output }}, {{ whole }}) then true
        when {{ form }} != 'plain' then len({{ list_where(
            json_text_at(output, "'$..*'"), 'leaf', 'contains(leaf, ' ~ whole ~ ')'
        ) }}) > 0
        else false
    end)
{%- endmacro %}

{#- Whether an output is a beginning of the document that ends in an ellipsis. -#}
{% macro rlvr_is_document_cut(text, output, form) -%}
    {%- set shown -%}
        case
            when {{ form }} = 'object' then coalesce(
                {{ json_text_at(output, "'$.text'") }}, {{ json_text_at(output, "'$.content'") }}
            )
            else {{ output }}
        end
    {%- endset -%}
    {%- set beginning -%}
        regexp_extract({{ shown }}, '(?s)^\s*(\S.*?)\s*(?:\.\.\.|…)\s*$', 1)
    {%- endset -%}
    coalesce({{ beginning }} != '' and starts_with(ltrim({{ text }}), {{ beginning }}), false)
{%- endmacro %}

{#- A text with one space wherever there is white space. -#}
{% macro rlvr_single_spaced(text) -%}
    regexp_replace({{ text }}, '[\s\x{00A0}]+', ' ', 'g')
{%- endmacro %}

{#-
  Whether a snippet is text of a document; white space may differ, and an ellipsis stands for any text
  or none: what is around it has to be there in this order.
-#}
{% macro rlvr_is_snippet_of(snippet, text) -%}
    {%- set pieces -%}
        regexp_split_to_array({{ rlvr_single_spaced(snippet) }}, ' ?(?:\[ ?(?:\.\.\.|…) ?\]|\.\.\.|…) ?')
    {%- endset -%}
    (case
        when contains({{ text }}, {{ snippet }}) then true
        when not regexp_matches({{ snippet }}, '\.\.\.|…') then contains(
            {{ rlvr_single_spaced(text) }}, trim({{ rlvr_single_spaced(snippet) }})
        )
        else regexp_matches(
            {{ rlvr_single_spaced(text) }},
            '(?s)' || {{ list_join(list_map(pieces, 'piece', 'regexp_escape(trim(piece))'), "'.*'") }}
        )
    end)
{%- endmacro %}

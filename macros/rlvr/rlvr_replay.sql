{#-
  The judgement over one replayed output. These macros read the columns of stg_rlvr__replays: tool_name,
  argument, output, form, has_corpus, document_text, matches, pattern_fault, results, openings and the two
  has_… of doubted results.
-#}

{#- Why an output is mended; null where it is left as it is. -#}
{% macro rlvr_mending_reason() -%}
    {%- set top_k = var('rlvr_environment')['top_k'] -%}
    case
        when not has_corpus then null
        when tool_name = 'open_document' then case
            when document_text is null
                then case when not {{ rlvr_is_error('output') }} then 'document_unknown' end
            when not {{ rlvr_is_document('argument', 'document_text', 'output', 'form') }}
                then 'document_differs'
        end
        when tool_name = 'regex_search' then case
            when argument is null or pattern_fault = 'invalid'
                then case when not {{ rlvr_is_error('output') }} then 'pattern_invalid' end
            when pattern_fault is not null then null
            when {{ rlvr_is_error('output') }} or not {{ rlvr_are_matches() }} then 'matches_differ'
        end
        when has_foreign_snippet then 'snippet_foreign'
        when len(results) > {{ top_k }} then 'too_many_results'
    end
{%- endmacro %}

{#- What about an output cannot be mended, for nothing tells what it has to be; null for nothing. -#}
{% macro rlvr_doubt() -%}
    case
        when tool_name = 'open_document' then null
        when tool_name = 'regex_search' then case
            when has_corpus and pattern_fault = 'unsupported' then 'pattern_unsupported'
            when not has_corpus and results is null then 'results_unreadable'
        end
        when results is null then 'results_unreadable'
        when has_unknown_document then 'document_unknown'
    end
{%- endmacro %}

{#- Whether the recorded results are the matches: the same documents in the same order, same contexts. -#}
{% macro rlvr_are_matches() -%}
    coalesce(
        {{ list_map('results', 'result', "[result.doc_id, result.text]") }}
        = {{ list_map('matches', 'found', "[found.doc_id, found.context]") }},
        false
    )
{%- endmacro %}

{#- The output that has to stand in the recorded one's place; null where that is left as it is. -#}
{% macro rlvr_mended_output() -%}
    {%- set matched = list_map('matches', 'found', struct_of([
        ['doc_id', 'found.doc_id'], ['text', 'found.context'],
    ])) -%}
    case reason
        when 'document_differs'
            then {{ rlvr_document_written('argument', 'document_text', 'output', 'form') }}
        when 'document_unknown' then {{ rlvr_error_written(
            "coalesce('no document has the doc_id ' || argument, 'open_document needs a doc_id')",
            'form'
        ) }}
        when 'pattern_invalid' then {{ rlvr_error_written(
            "case when argument is null then 'regex_search needs a pattern' "
            ~ "else 'the pattern is no regular expression' end",
            'form'
        ) }}
        when 'matches_differ' then {{ rlvr_results_written(matched, 'output', 'form', 'results') }}
        when 'snippet_foreign' then {{ rlvr_snippets_mended() }}
        when 'too_many_results' then {{ rlvr_snippets_mended() }}
    end
{%- endmacro %}

{#-
  The first results of a semantic search, a snippet that is no text of its document replaced by as much
  of that document's beginning.
-#}
{% macro rlvr_snippets_mended() -%}
    {%- set top_k = var('rlvr_environment')['top_k'] -%}
    {%- set items -%}
        (case form
            when 'object' then {{ json_parse(json_at('output', "'$.results'"), '["JSON"]') }}
            else {{ json_parse('output', '["JSON"]') }}
        end)[:{{ top_k }}]
    {%- endset -%}
    {%- set item -%}
        case
            when openings[number::integer] is null then {{ canonical_json('item::varchar') }}
            else {{ rlvr_members_replaced('item', [
                ['results[number].member', as_json('openings[number::integer]') ~ '::varchar'],
            ]) }}
        end
    {%- endset -%}
    {%- set listed -%}
        '[' || {{ list_join(list_map(items, 'item', item, 'number'), "', '") }} || ']'
    {%- endset -%}
    {%- set block -%}
        '[' || result.doc_id || '] ' || coalesce(openings[number::integer], result.text)
    {%- endset -%}
    case form
        when 'list' then {{ listed }}
        when 'object' then {{ rlvr_members_replaced('output', [["'results'", listed]]) }}
        else {{ list_join(
            list_map('results[:' ~ top_k ~ ']', 'result', block, 'number'),
            'chr(10) || chr(10)'
        ) }}
    end
{%- endmacro %}

{#- The documents that the output shows, once it is mended; an error shows none. -#}
{% macro rlvr_shown_doc_ids() -%}
    {%- set top_k = var('rlvr_environment')['top_k'] -%}
    case
        when {{ rlvr_is_error('coalesce(mended, output)') }} then []::varchar[]
        when tool_name = 'open_document' then [argument]
        when reason = 'matches_differ' then {{ list_map('matches', 'found', 'found.doc_id') }}
        when results is null then []::varchar[]
        when has_corpus
            then {{ list_map('results[:' ~ top_k ~ ']', 'result', 'result.doc_id') }}
        else {{ list_map('results', 'result', 'result.doc_id') }}
    end
{%- endmacro %}

{#- Canonical messages with other contents at some positions (a map). -#}
{% macro rlvr_contents_replaced(messages, contents) -%}
    {{ list_map(messages, 'message', struct_of([
        ['role', 'message.role'],
        ['content', 'coalesce(' ~ contents ~ '[message_number::integer], message.content)'],
        ['tool_name', 'message.tool_name'],
        ['tool_arguments', 'message.tool_arguments'],
        ['call_id', 'message.call_id'],
        ['turn', 'message.turn'],
        ['extra', 'message.extra'],
    ]), 'message_number') }}
{%- endmacro %}

{#- A setting of the retrieval environment (var rlvr_environment). -#}
{% macro rlvr_environment(name) -%}
    {{ var('rlvr_environment')[name] }}
{%- endmacro %}

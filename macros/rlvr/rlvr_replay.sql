{#-
  The judgement over one replayed output. These macros read the columns of stg_rlvr__replays: tool_name,
  argument, asked_k, output (without white space around it), form, has_corpus, document_text, matches,
  pattern_fault, results, openings and the two has_… of doubted results.
-#}

{#- Why an output is mended; null where it is left as it is: right, or not plainly wrong. -#}
{% macro rlvr_mending_reason() -%}
    case
        when not has_corpus then null
        when tool_name = 'open_document' then case
            when document_text is null then null
            when {{ rlvr_is_document('argument', 'document_text', 'output', 'form') }} then null
            when {{ rlvr_is_document_cut('document_text', 'output', 'form') }} then null
            else 'document_differs'
        end
        when tool_name = 'regex_search' then case
            when argument is null or results is null then null
            when pattern_fault = 'invalid'
                then case when not {{ rlvr_is_error('output') }} then 'pattern_invalid' end
            when pattern_fault is not null then null
            when {{ rlvr_is_error('output') }} or not {{ rlvr_are_matches() }} then 'matches_differ'
        end
        when form = 'plain' and has_unknown_document then null
        when has_foreign_snippet then 'snippet_foreign'
        when len(results) > {{ rlvr_results_at_most() }} then 'too_many_results'
    end
{%- endmacro %}

{#- What about an output cannot be mended, for nothing tells what it has to be; null for nothing. -#}
{% macro rlvr_doubt() -%}
    case
        when tool_name = 'open_document' then case
            when argument is null
                then case when not {{ rlvr_is_error('output') }} then 'argument_unreadable' end
            when not has_corpus then null
            when document_text is null
                then case when not {{ rlvr_is_error('output') }} then 'document_unknown' end
            when {{ rlvr_is_document('argument', 'document_text', 'output', 'form') }} then null
            when {{ rlvr_is_document_cut('document_text', 'output', 'form') }} then 'document_cut'
        end
        when tool_name = 'regex_search' then case
            when argument is null
                then case when not {{ rlvr_is_error('output') }} then 'argument_unreadable' end
            when has_corpus and pattern_fault = 'unsupported' then 'pattern_unsupported'
            when results is null then 'results_unreadable'
        end
        when results is null then 'results_unreadable'
        when has_unknown_document then 'document_unknown'
    end
{%- endmacro %}

{#- How many results a semantic search may list: what the environment gives, or more if asked for. -#}
{% macro rlvr_results_at_most() -%}
    greatest(coalesce(asked_k, 0), {{ rlvr_environment('top_k') }})
{%- endmacro %}

{#-
  Whether the recorded results can be the matches: documents that match, in any order, with text of
  theirs; no more than were asked for, and no fewer than there are. Only the first by doc_id are known.
-#}
{% macro rlvr_are_matches() -%}
    {%- set asked -%}
        coalesce(asked_k, {{ rlvr_environment('top_k') }})
    {%- endset -%}
    (
        not has_unknown_document
        and not has_foreign_snippet
        and len(results) <= {{ asked }}
        and len(results) >= least({{ asked }}, len(matches))
    )
{%- endmacro %}

{#-
  Whether a pattern does not match a document. Where fewer documents match than were looked for, all
  that do are known; only else it is tried. False without matches.
-#}
{% macro rlvr_is_no_match(doc_id, text, pattern, matches) -%}
    (case
        when {{ matches }} is null then false
        when list_contains({{ list_map(matches, 'found', 'found.doc_id') }}, {{ doc_id }}) then false
        when len({{ matches }}) < {{ rlvr_environment('top_k') }} then true
        else not regexp_matches({{ text }}, '(?{{ rlvr_environment('regex_flags') }})' || {{ pattern }})
    end)
{%- endmacro %}

{#- The output that has to stand in the recorded one's place; null where that is left as it is. -#}
{% macro rlvr_mended_output() -%}
    {%- set matched = list_map('matches[:coalesce(asked_k, len(matches))]', 'found', struct_of([
        ['doc_id', 'found.doc_id'], ['text', 'found.context'],
    ])) -%}
    case reason
        when 'document_differs'
            then {{ rlvr_document_written('argument', 'document_text', 'output', 'form') }}
        when 'pattern_invalid' then {{ rlvr_error_written(
            "'the pattern is no regular expression'", 'form'
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
    {%- set top_k = rlvr_results_at_most() -%}
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
    {%- set first_results = 'results[:' ~ rlvr_results_at_most() ~ ']' -%}
    case
        when tool_name = 'open_document' then case
            when argument is null then []::varchar[]
            when reason = 'document_differs' then [argument]
            when document_text is not null
                and {{ rlvr_is_document('argument', 'document_text', 'output', 'form') }}
                then [argument]
            when {{ rlvr_is_error('output') }} then []::varchar[]
            else [argument]
        end
        when reason = 'matches_differ' then {{ list_map(
            'matches[:coalesce(asked_k, len(matches))]', 'found', 'found.doc_id'
        ) }}
        when reason = 'pattern_invalid' or results is null then []::varchar[]
        when reason is not null then {{ list_map(first_results, 'result', 'result.doc_id') }}
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

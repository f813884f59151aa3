{#- The names of the tools that were called, in order, one a call. -#}
{% macro rlvr_called_tools(messages) -%}
    {{ list_map(
        list_where(messages, 'message', "message.role = 'tool_call'"),
        'message',
        "coalesce(message.tool_name, '')"
    ) }}
{%- endmacro %}

{#- How many of them are among some names. -#}
{% macro rlvr_n_called(called_tools, names) -%}
    len({{ list_where(called_tools, 'called', "called in ('" ~ names | join("', '") ~ "')") }})::bigint
{%- endmacro %}

{#- A text with one hyphen for all that look like it. -#}
{% macro rlvr_hyphened(text) -%}
    regexp_replace({{ text }}, '[\x{2010}-\x{2015}]', '-', 'g')
{%- endmacro %}

{#-
  The documents that an answer cites: of the candidates, the ones whose doc_id it holds as a word of
  its own, each once, in the order in which it first mentions them. A letter, a digit, `_`, or one of
  `-./:#@` with a letter or digit behind it, goes on with a word. A doc_id of digits alone is one only
  in square brackets or right after `doc`, `document` or `id`.
-#}
{% macro rlvr_cited(answer, candidates) -%}
    {%- set said = rlvr_hyphened(answer) -%}
    {%- set sought = rlvr_hyphened('doc_id') -%}
    {%- set pattern -%}
        case
            when regexp_full_match(doc_id, '\d+') then '(?s)^.*?(?:[\[【](?:[^\[\]【】\n]*[^\w\-./:#@\[\]【】])?|\b(?i:documents?|docs?|(?:doc(?:ument)?[ _-]?)?ids?)[ \t#:=_.-]{0,3}["''`]?)'
            else '(?s)^(?:.*?[^\w\-./:#@]|.*?\W[\-./:#@])??'
        end || regexp_escape({{ sought }}) || '(?:$|[^\w\-./:#@]|[\-./:#@](?:\W|$))'
    {%- endset -%}
    {{ list_map(
        "list_sort(" ~ list_map(
            list_where(
                list_where(
                    'list_distinct(' ~ candidates ~ ')',
                    'doc_id',
                    "doc_id != '' and contains(" ~ said ~ ', ' ~ sought ~ ')'
                ),
                'doc_id',
                'regexp_matches(' ~ said ~ ', ' ~ pattern ~ ')'
            ),
            'doc_id',
            struct_of([
                ['length', 'len(regexp_extract(' ~ said ~ ', ' ~ pattern ~ ')) - len(doc_id)'],
                ['doc_id', 'doc_id'],
            ])
        ) ~ ")",
        'mention',
        'mention.doc_id'
    ) }}
{%- endmacro %}

{#- Ids as a JSON list. -#}
{% macro rlvr_ids_as_json(doc_ids) -%}
    '[' || {{ list_join(
        list_map(doc_ids, 'doc_id', as_json('doc_id') ~ '::varchar'), "', '"
    ) }} || ']'
{%- endmacro %}

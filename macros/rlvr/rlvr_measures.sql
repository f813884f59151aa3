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

{#-
  The documents that an answer cites: of those met before, the ones whose doc_id it holds as a word of
  its own, each once, in the order in which it first mentions them. A letter, a digit, `_`, or one of
  `-./:#@` with a letter or digit behind it, goes on with a word.
-#}
{% macro rlvr_cited(answer, met) -%}
    {%- set pattern -%}
        '(?s)^(?:.*?[^\w\-./:#@]|.*?\W[\-./:#@])??' || regexp_escape(doc_id) || '(?:$|[^\w\-./:#@]|[\-./:#@](?:\W|$))'
    {%- endset -%}
    {{ list_map(
        "list_sort(" ~ list_map(
            list_where(
                list_where(
                    'list_distinct(' ~ met ~ ')',
                    'doc_id',
                    "doc_id != '' and contains(" ~ answer ~ ', doc_id)'
                ),
                'doc_id',
                'regexp_matches(' ~ answer ~ ', ' ~ pattern ~ ')'
            ),
            'doc_id',
            struct_of([
                ['length', 'len(regexp_extract(' ~ answer ~ ', ' ~ pattern ~ ')) - len(doc_id)'],
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

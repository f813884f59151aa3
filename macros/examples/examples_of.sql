{#-
  The examples that a conversation is trained as, a list of structs: `example_id`, `n_messages` (how
  many of its messages, from the first, the example has) and `trained_from` (how many of them come
  before the first whose turn may be trained).

  thinking: the var of that name. `split` makes one of each query of the user that was answered,
      `{trajectory_id}#1` being the first query's; `last` keeps the last of these alone. What comes
      before the first query counts as the answer to query 0.
-#}
{% macro examples_of(trajectory_id, roles, thinking) -%}
    {%- set whole = struct_of([
        ['example_id', trajectory_id],
        ['n_messages', 'len(' ~ roles ~ ')::integer'],
        ['trained_from', '0::integer'],
    ]) -%}
    {%- if thinking in ('last', 'split') -%}
    {%- set queries = list_where('range(1, len(' ~ roles ~ ') + 1)', 'place',
        roles ~ "[place] = 'user'") -%}
    {%- set bounds = 'list_prepend(0, list_append(' ~ queries ~ ', len(' ~ roles ~ ') + 1))' -%}
    {%- set answered = list_where(
        list_map(bounds ~ '[:-2]', 'query', struct_of([
            ['number', 'query_number - 1'],
            ['starts', 'query'],
            ['stops', bounds ~ '[query_number + 1] - 1'],
        ]), 'query_number'),
        'stretch',
        'list_contains(' ~ roles ~ "[stretch.starts + 1:stretch.stops], 'assistant')"
    ) -%}
    {%- set number = "|| '#' || stretch.number" if thinking == 'split' else '' -%}
    coalesce(
        nullif(
            {{ list_map(
                answered ~ ('[-1:]' if thinking == 'last' else ''),
                'stretch',
                struct_of([
                    ['example_id', trajectory_id ~ number],
                    ['n_messages', 'stretch.stops::integer'],
                    ['trained_from', 'stretch.starts::integer'],
                ])
            ) }},
            []
        ),
        [{{ whole }}]
    )
    {%- else -%}
    [{{ whole }}]
    {%- endif -%}
{%- endmacro %}

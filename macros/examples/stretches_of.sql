{#-
  The stretches that are left of a row of tokens that is too long, a list of structs: `number` from 1,
  `starts` (the number of tokens before it) and `stops`.

  choice: what becomes of the row. `filter`: nothing is left. `cut`: what ends with the last turn that
      ends within `max_length`. `split`: as few stretches as go in order, each beginning where another
      turn ends. What follows the last turn goes with it where it fits, and else is left out. A
      stretch is longer than `max_length` where a single turn is, with what it answers.

  turn_ends: a list of integers, ascending, the last at most `n_tokens`.
-#}
{% macro stretches_of(choice, n_tokens, turn_ends, max_length) -%}
    {%- if choice == 'split' -%}
    {{ split_stretches_of(n_tokens, turn_ends, max_length) }}
    {%- elif choice == 'cut' -%}
    {{ list_map(
        list_where(turn_ends, 'turn_end', 'turn_end <= ' ~ max_length) ~ '[-1:]',
        'turn_end',
        struct_of([['number', '1::bigint'], ['starts', '0::integer'], ['stops', 'turn_end']])
    ) }}
    {%- else -%}
    []::struct(number bigint, starts integer, stops integer)[]
    {%- endif -%}
{%- endmacro %}

{#- The stretches of `split`. -#}
{% macro split_stretches_of(n_tokens, turn_ends, max_length) -%}
    {#- The bounds found so far, the last still open; each element is a list for the fold's sake. -#}
    {%- set bounds = list_fold(
        list_map(turn_ends, 'turn_end', '[turn_end]'),
        'bounds',
        'turn_end',
        'list_append(case when turn_end[1] - bounds[-2] <= ' ~ max_length
            ~ ' then bounds[:-2] else bounds end, turn_end[1])',
        '[0::integer, 0::integer]'
    ) -%}
    {%- set closed -%}
        list_append(
            {{ bounds }}[:-2],
            case when {{ n_tokens }} - {{ bounds }}[-2] <= {{ max_length }} then {{ n_tokens }}
            else {{ bounds }}[-1] end
        )
    {%- endset -%}
    {{ list_map(
        list_where(
            list_map(
                closed ~ '[:-2]',
                'bound',
                struct_of([['starts', 'bound'], ['stops', closed ~ '[bound_number + 1]']]),
                'bound_number'
            ),
            'stretch',
            'stretch.stops > stretch.starts'
        ),
        'stretch',
        struct_of([
            ['number', 'stretch_number'],
            ['starts', 'stretch.starts'],
            ['stops', 'stretch.stops'],
        ]),
        'stretch_number'
    ) }}
{%- endmacro %}

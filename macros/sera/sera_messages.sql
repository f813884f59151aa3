{#-
  Canonical messages of a raw SERA trajectory, one step after another:

    a call     reasoning, tool_call, and the messages up to the next step
    the end    reasoning, answer
    an answer before the end    nothing; what it says opens the reasoning of the next step

  Everything is found by position, so the work grows with the number of messages.

  steps: positions of the steps; reasonings: what each reasons, of `sera_step_reasoning`
  letters: those of all messages
  parts: for each message role, text, thinking, visible, said, argument, calls, call_id, extra
  end_position: the step that ends the trajectory, or null
  fillers: what empty reasoning is filled with; key: what the filler is chosen by, with the turn
-#}
{% macro sera_messages(steps, reasonings, letters, parts, end_position, fillers, key) -%}
    {%- set head = list_map(
        list_where(
            'range(1, coalesce(' ~ steps ~ '[1], len(' ~ letters ~ ') + 1))',
            'head_position',
            letters ~ "[head_position] != 'd'"
        ),
        'head_position',
        sera_other_message(parts, letters, 'head_position', 'null::varchar')
    ) -%}
    {%- set body = list_flat(list_map(
        steps,
        'step_position',
        sera_step_messages(
            steps, reasonings, letters, parts, end_position, fillers, key, 'step_position',
            'step_number'
        ),
        'step_number'
    )) -%}
    list_concat({{ head }}, {{ body }})
{%- endmacro %}

{#- The messages of one step and those that follow it. -#}
{% macro sera_step_messages(
    steps, reasonings, letters, parts, end_position, fillers, key, step_position, step_number
) -%}
    {%- set own = parts ~ '[' ~ step_position ~ ']' -%}
    {%- set letter = letters ~ '[' ~ step_position ~ ']' -%}
    {%- set reasoning = reasonings ~ '[' ~ step_number ~ ']' -%}
    {%- set filler -%}
        {{ fillers }}[1 + {{ hash_bucket(key ~ " || ':' || " ~ step_position, 'len(' ~ fillers ~ ')') }}]
    {%- endset -%}
    {%- set reasoning_message = sera_message(
        "'reasoning'", 'coalesce(' ~ reasoning ~ ', ' ~ filler ~ ')', 'null', 'null', 'null',
        step_position, own ~ '.extra'
    ) -%}
    {%- set call_messages = list_map(
        own ~ '.calls',
        'step_call',
        sera_message(
            "'tool_call'", 'null', 'step_call.name', 'step_call.arguments', 'step_call.call_id',
            step_position, 'null'
        )
    ) -%}
    {%- set answer_message = sera_message(
        "'answer'", sera_answer(letter, own), 'null', 'null', 'null', step_position, 'null'
    ) -%}
    {%- set followers = list_map(
        list_where(
            'range(' ~ step_position ~ ' + 1, coalesce(' ~ steps ~ '[' ~ step_number
            ~ ' + 1], coalesce(' ~ end_position ~ ', len(' ~ letters ~ ')) + 1))',
            'other_position',
            letters ~ "[other_position] != 'd' and (" ~ letter ~ " = 'c' or "
            ~ letters ~ "[other_position] not in ('o', 'u'))"
        ),
        'other_position',
        sera_other_message(parts, letters, 'other_position', own ~ '.calls[1].name')
    ) -%}
    case
        when {{ letter }} = 'c'
            then list_concat([{{ reasoning_message }}], {{ call_messages }}, {{ followers }})
        when {{ step_position }} = {{ end_position }}
            then [{{ reasoning_message }}, {{ answer_message }}]
        else {{ followers }}
    end
{%- endmacro %}

{#-
  The reasoning of a step, null where it has none: what an answer folded into it said, then its own. A call has no place for
  text beside it, so its visible text is reasoning too; of an answer only the thinking is, unless a
  submit hands in something else.
-#}
{% macro sera_step_reasoning(steps, letters, parts, end_position, step_number) -%}
    {%- set step_position = steps ~ '[' ~ step_number ~ ']' -%}
    {%- set before = steps ~ '[' ~ step_number ~ ' - 1]' -%}
    {%- set own = parts ~ '[' ~ step_position ~ ']' -%}
    {%- set folded -%}
        case
            when {{ step_number }} > 1 and {{ letters }}[{{ before }}] in ('x', 't')
                then {{ sera_reasoning([
                    parts ~ '[' ~ before ~ '].said', parts ~ '[' ~ before ~ '].argument',
                ]) }}
        end
    {%- endset -%}
    {%- set said -%}
        case
            when {{ step_position }} = {{ end_position }} and {{ own }}.argument is null
                then {{ own }}.thinking
            else {{ own }}.said
        end
    {%- endset -%}
    {{ sera_reasoning([folded, said]) }}
{%- endmacro %}

{#-
  The answer of the message that ends the trajectory: what a submit hands in by itself, else the
  visible text. A submit with neither gets one.
-#}
{% macro sera_answer(letter, part) -%}
    coalesce(
        {{ part }}.argument,
        nullif({{ part }}.visible, ''),
        case when {{ letter }} = 'x' then {{ sera_submitted() }} end
    )
{%- endmacro %}

{#- The answer of a submit that says nothing. -#}
{% macro sera_submitted() -%}
    'The changes are complete and submitted.'
{%- endmacro %}

{#- A message that is no step, as it came; a tool's output names the tool that was called. -#}
{% macro sera_other_message(parts, letters, position, tool_name) -%}
    {%- set own = parts ~ '[' ~ position ~ ']' -%}
    {%- set letter = letters ~ '[' ~ position ~ ']' -%}
    {{ sera_message(
        "case " ~ letter ~ " when 'o' then 'tool_output' else " ~ own ~ ".role end",
        own ~ '.text',
        "case " ~ letter ~ " when 'o' then " ~ tool_name ~ " end",
        'null',
        "case " ~ letter ~ " when 'o' then " ~ own ~ ".call_id end",
        position,
        own ~ '.extra'
    ) }}
{%- endmacro %}

{#- A canonical message. -#}
{% macro sera_message(role, content, tool_name, tool_arguments, call_id, turn, extra) -%}
    {{ struct_of([
        ['role', '(' ~ role ~ ')::varchar'],
        ['content', '(' ~ content ~ ')::varchar'],
        ['tool_name', '(' ~ tool_name ~ ')::varchar'],
        ['tool_arguments', '(' ~ tool_arguments ~ ')::varchar'],
        ['call_id', '(' ~ call_id ~ ')::varchar'],
        ['turn', '(' ~ turn ~ ')::integer'],
        ['extra', '(' ~ extra ~ ')::varchar'],
    ]) }}
{%- endmacro %}

{#-
  Canonical messages read from the published form, with the white space at the ends of reasoning and
  answers off, as the raw form has them.
-#}
{% macro sera_published_trimmed(messages) -%}
    {{ list_map(
        messages,
        'message',
        sera_message(
            'message.role',
            "case when message.role in ('reasoning', 'answer') then " ~ trimmed('message.content')
            ~ ' else message.content end',
            'message.tool_name', 'message.tool_arguments', 'message.call_id', 'message.turn',
            'message.extra'
        )
    ) }}
{%- endmacro %}

{#- Calls whose arguments are no JSON object, as `message_faults` has it: the published form has no other. -#}
{% macro sera_argument_faults(messages) -%}
    {{ list_map(
        list_where(
            messages,
            'message',
            "message.role = 'tool_call' and not (starts_with(message.tool_arguments, '{') and "
            ~ is_json('message.tool_arguments') ~ ')'
        ),
        'message',
        message_fault(
            'args_invalid', 'message.turn',
            "'arguments of ' || coalesce(message.tool_name, 'a call') || ' are no JSON object'"
        )
    ) }}
{%- endmacro %}

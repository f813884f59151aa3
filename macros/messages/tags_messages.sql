{#- What is read from one message of the family tags, in chat or ShareGPT keys. -#}
{% macro tags_message_shape() -%}
    {"role": "JSON", "from": "JSON", "content": "JSON", "value": "JSON", "name": "JSON", "tool_call_id": "JSON", "reasoning_content": "JSON", "reasoning": "JSON"}
{%- endmacro %}

{#- What a message holds beyond that, as JSON text; null where there is nothing. -#}
{% macro tags_message_extra(raw) -%}
    nullif({{ json_patched(
        raw,
        "'{\"role\": null, \"from\": null, \"content\": null, \"value\": null, \"name\": null, \"tool_call_id\": null, \"reasoning_content\": null, \"reasoning\": null}'"
    ) }}::varchar, '{}')
{%- endmacro %}

{#- A role by its common name, ShareGPT's names included; `function_call` is an assistant's. -#}
{% macro tags_role(role) -%}
    case {{ source_role(role) }}
        when 'human' then 'user'
        when 'gpt' then 'assistant'
        when 'model' then 'assistant'
        when 'function_call' then 'assistant'
        when 'observation' then 'tool'
        else {{ source_role(role) }}
    end
{%- endmacro %}

{#- Whether a message, at its number among `read_messages`, is the output of the calls before it. -#}
{% macro tags_is_output(read_messages, number) -%}
    (
        {{ read_messages }}[{{ number }}].role = 'tool'
        or (
            {{ read_messages }}[{{ number }}].role = 'user'
            and {{ number }} > 1
            and len({{ read_messages }}[{{ number }} - 1].calls) > 0
            and regexp_matches({{ read_messages }}[{{ number }}].text, '^\s*<tool_response>')
        )
    )
{%- endmacro %}

{#-
  The turns of one message: an assistant's as it is; one turn for each output that the message holds,
  and one for what it says beside them.
-#}
{% macro tags_turns(read_messages, number) -%}
    {%- set source = read_messages ~ '[' ~ number ~ ']' -%}
    {%- set rest = [
        ['tool_name', source ~ '.tool_name'], ['turn', number ~ '::integer'],
    ] -%}
    {%- set same = struct_of([
        ['role', source ~ '.role'], ['content', source ~ '.visible'],
        ['reasoning', source ~ '.reasoning'], ['calls', source ~ '.calls'],
        ['call_id', 'null::varchar'], ['extra', source ~ '.extra'],
    ] + rest) -%}
    {%- set output = struct_of([
        ['role', "'tool'"], ['content', 'piece'], ['reasoning', 'null::varchar'],
        ['calls', source ~ '.calls[:0]'],
        ['call_id', 'case when len(' ~ tagged_outputs(source ~ '.text') ~ ') = 1 then '
            ~ source ~ '.call_id end'],
        ['extra', 'case when piece_number = 1 then ' ~ source ~ '.extra end'],
    ] + rest) -%}
    {%- set beside = struct_of([
        ['role', "'user'"], ['content', beside_outputs(source ~ '.text')],
        ['reasoning', 'null::varchar'], ['calls', source ~ '.calls[:0]'],
        ['call_id', 'null::varchar'], ['extra', 'null::varchar'],
        ['tool_name', 'null::varchar'], ['turn', number ~ '::integer'],
    ]) -%}
    case
        when {{ tags_is_output(read_messages, number) }} then list_concat(
            {{ list_map(tagged_outputs(source ~ '.text'), 'piece', output, 'piece_number') }},
            case when {{ beside_outputs(source ~ '.text') }} != '' then [{{ beside }}] else [] end
        )
        else [{{ same }}]
    end
{%- endmacro %}

{#- Why messages cannot be read, as `message_faults` has it, and what is wrong with their tags. -#}
{% macro tags_faults(read_messages) -%}
    list_concat(
        {{ message_faults(read_messages) }},
        {{ list_where(
            list_map(read_messages, 'source', struct_of([
                ['reason', 'source.fault'],
                ['turn', 'turn_number::integer'],
                ['detail', "case source.fault "
                    ~ "when 'tags_unbalanced' then 'a tag without its partner' "
                    ~ "when 'answer_beside_call' then 'an answer in the turn of a call' "
                    ~ "when 'tool_response_misplaced' then 'a response in the text of the assistant' end"],
            ]), 'turn_number'),
            'fault',
            'fault.reason is not null'
        ) }}
    )
{%- endmacro %}

{#- Tools as a record declares them, those in the layout of Qwen's agents as OpenAI's. -#}
{% macro tags_declared(tools) -%}
    {%- set renamed -%}
        '{"name": ' || {{ json_at('tool', "'$.name_for_model'") }}::varchar
        || ', "description": '
        || coalesce({{ json_at('tool', "'$.description_for_model'") }}::varchar, '""')
        || ', "parameters": '
        || coalesce({{ canonical_json(json_at('tool', "'$.parameters'") ~ '::varchar') }}, '{}') || '}'
    {%- endset -%}
    {%- set declared -%}
        case
            when {{ json_at('tool', "'$.name_for_model'") }} is null
                then {{ canonical_json('tool::varchar') }}
            else {{ renamed }}
        end
    {%- endset -%}
    '[' || {{ list_join(list_map(json_parse(tools, '["JSON"]'), 'tool', declared), "', '") }} || ']'
{%- endmacro %}

{#- What two declarations are compared by: names and parameters, in the order of names. -#}
{% macro tags_signatures(tools) -%}
    list_sort({{ list_map(
        json_parse(tools, '["JSON"]'),
        'tool',
        "coalesce(" ~ json_text_at('tool', "'$.function.name'") ~ ", " ~ json_text_at('tool', "'$.name'")
        ~ ", " ~ json_text_at('tool', "'$.name_for_model'") ~ ", '') || ' ' || coalesce("
        ~ json_at('tool', "'$.function.parameters'") ~ "::varchar, " ~ json_at('tool', "'$.parameters'")
        ~ "::varchar, '')"
    ) }})
{%- endmacro %}

{#-
  The task of a trajectory whose source names none: its question, by the first 16 digits of the SHA-256
  of what its user says first; null without a user.
-#}
{% macro tags_task(messages) -%}
    {{ sha256_of(
        list_where(messages, 'message', "message.role = 'user'") ~ '[1].content'
    ) }}[:16]
{%- endmacro %}

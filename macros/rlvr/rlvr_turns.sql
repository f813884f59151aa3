{#-
  The text of a rollout's message: without our protocol in a system message, and with the results of a
  tool as JSON text where they are a list of their own and no text parts.
-#}
{% macro rlvr_text(fields) -%}
    case {{ source_role(json_text(fields ~ '.role')) }}
        when 'system' then {{ six_role_system_text(content_text(fields ~ '.content')) }}
        when 'tool' then case
            when {{ rlvr_holds_results(fields ~ '.content') }}
                then {{ canonical_json(fields ~ '.content::varchar') }}
            else coalesce({{ content_text(fields ~ '.content') }}, '')
        end
        else {{ content_text(fields ~ '.content') }}
    end
{%- endmacro %}

{#- Whether a content is a list of results: empty, or of objects that are no parts of a message. -#}
{% macro rlvr_holds_results(content) -%}
    (
        coalesce({{ json_kind(content) }}, 'NULL') = 'ARRAY'
        and {{ json_at(content, "'$[0].type'") }} is null
        and coalesce({{ json_kind(json_at(content, "'$[0]'")) }}, 'OBJECT') = 'OBJECT'
    )
{%- endmacro %}

{#- Whether a message's content is such a list, and may be: only a tool's. -#}
{% macro rlvr_is_results(fields) -%}
    (
        coalesce({{ source_role(json_text(fields ~ '.role')) }}, '') = 'tool'
        and {{ rlvr_holds_results(fields ~ '.content') }}
    )
{%- endmacro %}

{#- The types of parts that are not text, of a content that is no list of results. -#}
{% macro rlvr_unreadable_parts(fields) -%}
    case
        when {{ rlvr_is_results(fields) }} then []::varchar[]
        else {{ unreadable_parts(fields ~ '.content') }}
    end
{%- endmacro %}

{#- Whether a content is in text parts. -#}
{% macro rlvr_has_parts(fields) -%}
    ({{ json_kind(fields ~ '.content') }} = 'ARRAY' and not {{ rlvr_is_results(fields) }})
{%- endmacro %}

{#- Whether a turn says something beside its calls. -#}
{% macro rlvr_has_commentary(source) -%}
    (
        {{ source }}.role = 'assistant' and len({{ source }}.calls) > 0
        and regexp_matches({{ source }}.content, '\S')
    )
{%- endmacro %}

{#-
  A turn as the strict grammar has it. What is said beside a call goes to the end of the reasoning, an
  empty line between; white space beside a call goes. An output is named after the call before it.

  turns: the turns; turn_number: SQL, the position of the one to make
-#}
{% macro rlvr_strict_turn(turns, source, turn_number) -%}
    {%- set before = turns ~ '[' ~ turn_number ~ ' - 1]' -%}
    {%- set folded -%}
        case
            when not {{ rlvr_has_commentary(source) }} then {{ source }}.reasoning
            when coalesce({{ source }}.reasoning, '') = '' then {{ source }}.content
            else {{ source }}.reasoning || chr(10) || chr(10) || {{ source }}.content
        end
    {%- endset -%}
    {{ struct_of([
        ['role', source ~ '.role'],
        ['content', 'case when ' ~ source ~ ".role = 'assistant' and len(" ~ source
            ~ ".calls) > 0 then '' else " ~ source ~ '.content end'],
        ['reasoning', 'coalesce(' ~ folded ~ ', ' ~ source ~ '.reasoning)'],
        ['calls', source ~ '.calls'],
        ['call_id', source ~ '.call_id'],
        ['tool_name', 'case when ' ~ source ~ ".role = 'tool' then case when " ~ before
            ~ ".role = 'assistant' then " ~ before ~ '.calls[-1].name end else ' ~ source
            ~ '.tool_name end'],
        ['extra', source ~ '.extra'],
    ]) }}
{%- endmacro %}

{#- What is wrong with the key of a rollout, as `message_faults` has it. -#}
{% macro rlvr_key_faults(qa_id) -%}
    case
        when {{ qa_id }} is null
            then [{{ message_fault('key_missing', 'null', "'a rollout without qa_id'") }}]
        else []
    end
{%- endmacro %}

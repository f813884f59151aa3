{#-
  Text in which an agent marks its steps with tags: `<think>`, `<tool_call>`, `<tool_response>` and
  `<answer>`. The pair that begins first decides: a tag inside another pair is text. Line breaks at the
  seams belong to the tags.
-#}

{#- One pair of tags with what stands between them, as an expression for RE2. -#}
{% macro tag_pair(tag) -%}
    <{{ tag }}>.*?</{{ tag }}>
{%- endmacro %}

{#- The tagged pieces of an assistant's text, in order, with their tags. -#}
{% macro tag_pieces(text) -%}
    regexp_extract_all({{ text }}, '(?s){{ tag_pair("think") }}|{{ tag_pair("tool_call") }}|{{ tag_pair("answer") }}')
{%- endmacro %}

{#- What stands between one tag's pairs among such pieces. -#}
{% macro tag_contents(pieces, tag) -%}
    {{ list_map(
        list_where(pieces, 'piece', "starts_with(piece, '<" ~ tag ~ ">')"),
        'piece',
        "trim(piece[" ~ (tag | length + 3) ~ ":-" ~ (tag | length + 4) ~ "], chr(10))"
    ) }}
{%- endmacro %}

{#- An assistant's text with the tag that its thought lacks where the prompt began it. -#}
{% macro think_opened(text) -%}
    case
        when contains({{ text }}, '</think>')
            and not regexp_matches(
                split_part({{ text }}, '</think>', 1), '<(?:think|tool_call|answer)>|`$'
            )
            then '<think>' || {{ text }}
        else {{ text }}
    end
{%- endmacro %}

{#-
  What an assistant says to its user: its text without thoughts and calls, and without the tags of an
  answer. White space at the ends stays only where nothing was taken out.
-#}
{% macro tagged_visible(text) -%}
    {%- set rest -%}
        regexp_replace(
            {{ text }},
            '(?s){{ tag_pair("think") }}|{{ tag_pair("tool_call") }}|({{ tag_pair("answer") }})',
            '\1',
            'g'
        )
    {%- endset -%}
    {%- set untagged -%}
        regexp_replace({{ rest }}, '\s*</?answer>\s*', chr(10), 'g')
    {%- endset -%}
    {%- set is_one_answer -%}
        regexp_matches({{ rest }}, '(?s)^\s*<answer>.*</answer>\s*$')
        and len({{ rest }}) - len(replace({{ rest }}, '<answer>', '')) = 8
    {%- endset -%}
    case
        when {{ text }} is null or (
            {{ rest }} = {{ text }} and not contains({{ text }}, '<answer>')
        ) then {{ text }}
        when {{ is_one_answer }} then trim(
            regexp_extract({{ rest }}, '(?s)<answer>(.*)</answer>', 1), chr(10)
        )
        else {{ without_outer_space(untagged) }}
    end
{%- endmacro %}

{#- Calls written as JSON objects, as one JSON list; what is no object is an empty one, without name. -#}
{% macro written_calls(call_texts) -%}
    ('[' || {{ list_join(
        list_map(
            call_texts,
            'call_text',
            "case when " ~ is_json('call_text') ~ " and regexp_matches(call_text, '^\\s*\\{') "
            ~ "then call_text else '{}' end"
        ),
        "', '"
    ) }} || ']')::json
{%- endmacro %}

{#- Why an assistant's tagged text cannot be read; null where it can. -#}
{% macro tagged_fault(text) -%}
    {%- set outside -%}
        regexp_replace(
            {{ text }},
            '(?s){{ tag_pair("think") }}|{{ tag_pair("tool_call") }}|{{ tag_pair("answer") }}',
            '',
            'g'
        )
    {%- endset -%}
    {%- set calls = tag_contents(tag_pieces(text), 'tool_call') -%}
    {%- set answers = tag_contents(tag_pieces(text), 'answer') -%}
    case
        when contains({{ outside }}, '<tool_response>') then 'tool_response_misplaced'
        when regexp_matches({{ outside }}, '</?(think|tool_call|answer)>') then 'tags_unbalanced'
        when len({{ calls }}) > 0 and len({{ answers }}) > 0 then 'answer_beside_call'
    end
{%- endmacro %}

{#- The outputs in a message, each between tags; the whole text where there are no tags. -#}
{% macro tagged_outputs(text) -%}
    case
        when regexp_matches({{ text }}, '(?s)^\s*<tool_response>.*</tool_response>') then {{ list_map(
            "regexp_extract_all(" ~ text ~ ", '(?s)" ~ tag_pair('tool_response') ~ "')",
            'piece',
            "trim(piece[16:-17], chr(10))"
        ) }}
        else [{{ text }}]
    end
{%- endmacro %}

{#- What a message with outputs says beside them. -#}
{% macro beside_outputs(text) -%}
    {%- set others -%}
        regexp_replace({{ text }}, '(?s){{ tag_pair("tool_response") }}', '', 'g')
    {%- endset -%}
    case
        when regexp_matches({{ text }}, '(?s)^\s*<tool_response>.*</tool_response>')
            then {{ without_outer_space(others) }}
        else ''
    end
{%- endmacro %}

{#-
  What an assistant message of SERA says: its thinking and its visible text.

  `thought` is the authority: `content` repeats it, and is read only where there is no thought. An
  action that an older layout wrote into the text is no part of it.
-#}
{% macro sera_said(source, layout) -%}
    case
        when {{ layout }} in ('xml', 'action', 'fence')
            then {{ swe_agent_text(source, layout) }}
        else coalesce(nullif({{ trimmed(source ~ '.thought') }}, ''), {{ source }}.text)
    end
{%- endmacro %}

{#-
  A text that ends thinking which its prompt began, with the beginning put before it. Such an end is
  the only one, outside of backticks, with nothing after it on its line; others are mere text.
-#}
{% macro sera_thinking_opened(text) -%}
    {%- set before = 'split_part(' ~ text ~ ", '</think>', 1)" -%}
    case
        when contains({{ text }}, '</think>')
            and regexp_matches({{ text }}, '</think>[ \t\r]*(?:\n|\z)')
            and len(string_split({{ text }}, '</think>')) = 2
            and not contains({{ before }}, '<think>')
            and not regexp_matches({{ before }}, '["'']\z')
            and len({{ matches_of(before, '`') }}) % 2 = 0
            then '<think>' || {{ text }}
        else {{ text }}
    end
{%- endmacro %}

{#-
  The blocks of thinking that a text begins with; one that is never closed goes on to the end. Tags
  after other text are text: they stay where they are, as they are.
-#}
{% macro sera_think_pattern() -%}
    (?s)\A\s*<think>.*?(?:</think>(?:\s*<think>.*?</think>)*|\z)
{%- endmacro %}

{#- Whether a text begins with thinking. -#}
{% macro sera_is_thinking(said) -%}
    (contains({{ said }}, '<think>') and regexp_matches({{ said }}, '\A\s*<think>'))
{%- endmacro %}

{#- The thinking that a message begins with, else what its own fields for thinking hold. -#}
{% macro sera_thinking(said, other_thinking) -%}
    {%- set blocks = 'regexp_extract(' ~ said ~ ", '" ~ sera_think_pattern() ~ "')" -%}
    case
        when {{ sera_is_thinking(said) }} then {{ list_join(
            list_where(
                list_map(
                    matches_of(blocks, '(?s)<think>(.*?)(?:</think>|\z)', 1),
                    'block',
                    trimmed('block')
                ),
                'block',
                "block != ''"
            ),
            sera_seam()
        ) }}
        else {{ trimmed(other_thinking) }}
    end
{%- endmacro %}

{#- What a message says beside its thinking. -#}
{% macro sera_visible(said) -%}
    case
        when {{ sera_is_thinking(said) }}
            then {{ trimmed("regexp_replace(" ~ said ~ ", '" ~ sera_think_pattern() ~ "', '')") }}
        else {{ trimmed(said) }}
    end
{%- endmacro %}

{#- What the content of a message that has a thought says, without its action; null without one. -#}
{% macro sera_other_text(source, layout) -%}
    case
        when {{ trimmed(source ~ '.thought') }} != '' then coalesce(
            case
                when {{ layout }} = 'action' then {{ swe_agent_text(source, "'fence'") }}
                when {{ layout }} in ('xml', 'fence') then {{ swe_agent_text(source, layout) }}
                else {{ source }}.text
            end,
            ''
        )
    end
{%- endmacro %}

{#- Whether a submit's thought is plain text, which is all thinking that it has. -#}
{% macro sera_is_plain_thought(thought) -%}
    (
        {{ thought }}.other_text is not null
        and not {{ sera_is_thinking(thought ~ '.words') }}
        and coalesce({{ trimmed(thought ~ '.other_thinking') }}, '') = ''
    )
{%- endmacro %}

{#- What stands between texts that become one reasoning: a blank line. -#}
{% macro sera_seam() -%}
    chr(10) || chr(10)
{%- endmacro %}

{#- Texts as one reasoning; null where none says anything. -#}
{% macro sera_reasoning(texts) -%}
    {%- set said = [] -%}
    {%- for text in texts -%}
        {%- do said.append("nullif(" ~ text ~ ", '')") -%}
    {%- endfor -%}
    nullif({{ joined(said, sera_seam()) }}, '')
{%- endmacro %}

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

{#- A text that ends thinking which its prompt began, with the beginning put before it. -#}
{% macro sera_thinking_opened(text) -%}
    case
        when contains({{ text }}, '</think>')
            and not contains(split_part({{ text }}, '</think>', 1), '<think>')
            then '<think>' || {{ text }}
        else {{ text }}
    end
{%- endmacro %}

{#- A block of thinking; one that is never closed goes on to the end. -#}
{% macro sera_think_pattern() -%}
    (?s)<think>(.*?)(?:</think>|\z)
{%- endmacro %}

{#- The thinking in what a message says, else what its own fields for thinking hold. -#}
{% macro sera_thinking(said, other_thinking) -%}
    case
        when contains({{ said }}, '<think>') then {{ list_join(
            list_where(
                list_map(matches_of(said, sera_think_pattern(), 1), 'block', trimmed('block')),
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
        when contains({{ said }}, '<think>')
            then {{ trimmed("regexp_replace(" ~ said ~ ", '" ~ sera_think_pattern() ~ "', '', 'g')") }}
        else {{ trimmed(said) }}
    end
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

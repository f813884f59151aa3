{#-
  Tool schemas as a prompt prints them, as one canonical JSON list: a list, one object, or objects one
  after another with commas or line breaks between; null where the text is none of these.
-#}
{% macro shown_tools(text) -%}
    {%- set listed -%}
        '[' || rtrim(regexp_replace({{ text }}, '\}\s*\n\s*\{', '},{', 'g'), ', ' || chr(10)) || ']'
    {%- endset -%}
    nullif(case
        when {{ is_json(text) }} and starts_with(ltrim({{ text }}, ' ' || chr(10)), '[')
            then {{ canonical_json(text) }}
        when starts_with(ltrim({{ text }}, ' ' || chr(10)), '{') and {{ is_json(listed) }}
            then {{ canonical_json(listed) }}
    end, '[]')
{%- endmacro %}

{#-
  The tools between `<tools>` tags in a prompt: the first pair of tags that holds any, for prompts
  also mention the tags.
-#}
{% macro tools_in_tags(prompt) -%}
    {{ list_where(
        list_map(
            "regexp_extract_all(" ~ prompt ~ ", '(?s)<tools>(.*?)</tools>', 1)",
            'block',
            shown_tools('block')
        ),
        'shown',
        'shown is not null'
    ) }}[1]
{%- endmacro %}

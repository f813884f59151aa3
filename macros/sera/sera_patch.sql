{#-
  The patch that a submit printed: the last tool output after a submit that holds a diff; null where
  there is none.
-#}
{% macro sera_submitted_patch(letters, parts) -%}
    {{ list_map(
        list_where(
            'range(2, len(' ~ letters ~ ') + 1)',
            'patch_position',
            letters ~ "[patch_position] = 'o' and " ~ letters ~ "[patch_position - 1] = 'x'"
            ~ " and contains(" ~ parts ~ "[patch_position].text, 'diff --git ')"
        ),
        'patch_position',
        parts ~ '[patch_position].text'
    ) }}[-1]
{%- endmacro %}

{#-
  The changed lines of a patch: lines that begin with + or -, without file and hunk headers, without
  those that are blank after the sign.

  Only the bodies of hunks are read, so what stands before the first `@@` of a file is no change, and
  a removed line `-- x`, written `--- x`, is one. Where a file's header follows a hunk without
  `diff --git` before it, the hunk's own counts say that its lines are over.
-#}
{% macro sera_changed_lines(patch) -%}
    {%- set hunks = matches_of(
        'replace(' ~ patch ~ ", chr(13), '')",
        '(?m)^@@ [^\\n]*\\n(?:(?:[ +\\\\-][^\\n]*)?\\n?)*' | replace('\\\\', '\\')
    ) -%}
    {%- set lines = list_map(hunks, 'hunk', sera_hunk_lines('hunk')) -%}
    {{ list_where(
        list_flat(lines),
        'changed',
        "changed[1] in ('+', '-') and trim(changed[2:], ' ' || chr(9)) != ''"
    ) }}
{%- endmacro %}

{#- The lines of a hunk, without its header, and without a file header that follows it. -#}
{% macro sera_hunk_lines(hunk) -%}
    {%- set body = 'string_split(' ~ hunk ~ ', chr(10))[2:]' -%}
    {%- set n_old -%}
        coalesce(try_cast(regexp_extract({{ hunk }}, '^@@ -\d+(?:,(\d+))?', 1) as integer), 1)
    {%- endset -%}
    {%- set old_lines = list_where(body, 'line', "line[1] in ('-', ' ')") -%}
    case
        when len({{ old_lines }}) > {{ n_old }}
            and regexp_matches({{ hunk }}, '(?s)\n--- [^\n]*\n\+\+\+ [^\n]*\n?$')
            then {{ body }}[:len(regexp_extract_all(
                regexp_replace({{ hunk }}, '(?s)\n--- [^\n]*\n\+\+\+ [^\n]*\n?$', ''), '\n'
            ))]
        else {{ body }}
    end
{%- endmacro %}

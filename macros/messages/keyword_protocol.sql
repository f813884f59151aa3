{#-
  Assistant text written in a protocol of keywords: `THOUGHT: … TOOL: … INPUT: …` and its like.

  A family cuts its texts at the keywords (`keyword_cut`), names the sections by one letter each
  (t thought, n tool name, i input, x a whole call, f final answer, z a line of the section before it that
  only looks like a keyword, anything else is not read), and
  says where a turn's answer and calls are (`keyword_drafts`, `keyword_plans`); `keyword_turn` makes
  turns for `canonical_messages` of that. Nothing is dropped in silence: what is not read sets
  `is_set_aside`, and a text that the canonical messages do not spell the same way is kept whole in the
  message's `extra` as `protocol_text`.
-#}

{#- A regular expression for a keyword and its colon, also in bold: `**W:** x`, `**W**: x`, `**W: x**`. -#}
{% macro keyword_pattern(words) -%}
    (?:\*\*[ \t]*(?:{{ words }})[ \t]*:[ \t]*\*\*|\*\*[ \t]*(?:{{ words }})[ \t]*\*\*[ \t]*:|\*\*[ \t]*(?:{{ words }})[ \t]*:|(?:{{ words }})[ \t]*:)[ \t]*
{%- endmacro %}

{#-
  A text cut at its keywords: the headers found, and the bodies before, between and after them, one
  more than headers. Joined in order they are the text.

  by_line: the pattern for texts whose keywords begin lines
  anywhere: the pattern for the others
-#}
{% macro keyword_cut(text, is_by_line, by_line, anywhere) -%}
    {{ struct_of([
        ['headers', 'case when ' ~ is_by_line ~ ' then regexp_extract_all(' ~ text ~ ", '" ~ by_line
            ~ "') else regexp_extract_all(" ~ text ~ ", '" ~ anywhere ~ "') end"],
        ['bodies', 'case when ' ~ is_by_line ~ ' then regexp_split_to_array(' ~ text ~ ", '" ~ by_line
            ~ "') else regexp_split_to_array(" ~ text ~ ", '" ~ anywhere ~ "') end"],
    ]) }}
{%- endmacro %}

{#- A body without what closes its header's bold at the end of the first line, and without outer space. -#}
{% macro keyword_body(header, body) -%}
    {{ without_outer_space(
        'case when len(' ~ header ~ ') - len(replace(' ~ header ~ ", '**', '')) = 2 then regexp_replace("
        ~ body ~ ", '^([^\\n]*?)\\*\\*[ \\t]*(\\n|$)', '\\1\\2') else " ~ body ~ ' end'
    ) }}
{%- endmacro %}

{#-
  What is known of a message before its reading is decided.

  sections: structs with `letter`, `name`, `text`, `rest` (what of the section is not read), `header`,
    `body` and `whole` (header and body as they stand)
  letters: the letters of the sections
  marks: one letter a message: a assistant, o output, anything else
-#}
{% macro keyword_draft(cut, sections, letters, marks, number) -%}
    {%- set following = marks ~ '[' ~ number ~ ' + 1:]' -%}
    {{ struct_of([
        ['letters', letters],
        ['preamble', without_outer_space('coalesce(' ~ cut ~ ".bodies[1], '')")],
        ['n_outputs', 'len(' ~ following ~ ') - len(ltrim(' ~ following ~ ", 'o'))"],
        ['first_call', 'len(regexp_extract(' ~ letters ~ ", '^[^nx]*')) + 1"],
        ['answer_at', 'strpos(' ~ letters ~ ", 'f')"],
        ['calls_at', "case when regexp_matches(" ~ letters ~ ", '[nx]') then "
            ~ list_where('range(1, len(' ~ sections ~ ') + 1)', 'place',
                         sections ~ "[place].letter in ('n', 'x')")
            ~ " when contains(" ~ letters ~ ", 'i') then [strpos(" ~ letters ~ ", 'i')]"
            ~ ' else []::bigint[] end'],
    ]) }}
{%- endmacro %}

{#- The letters of each message's sections. -#}
{% macro keyword_letters(sections) -%}
    {{ list_map(sections, 'own', list_join(list_map('own', 'section', 'section.letter'))) }}
{%- endmacro %}

{#- A draft of each message; `cuts`, `sections` and `letters` are lists with one element a message. -#}
{% macro keyword_drafts(cuts, sections, letters, marks) -%}
    {{ list_map(cuts, 'cut', keyword_draft(
        'cut', sections ~ '[turn_number]', letters ~ '[turn_number]', marks, 'turn_number'
    ), 'turn_number') }}
{%- endmacro %}

{#-
  Where the input of the call at `place` is: the first input after it and before another call, or, of an
  only call, one before it; 0 where there is none.
-#}
{% macro keyword_input_at(letters, calls_at, place) -%}
    {%- set between = "len(regexp_extract(" ~ letters ~ "[" ~ place ~ " + 1:], '^[^nxi]*'))" -%}
    case
        when {{ letters }}[{{ place }}] in ('x', 'i') then {{ place }}
        when {{ letters }}[{{ place }} + 1 + {{ between }}] = 'i' then {{ place }} + 1 + {{ between }}
        when len({{ calls_at }}) = 1 then strpos({{ letters }}, 'i')
        else 0
    end
{%- endmacro %}

{#- The sections after `first` up to `last`, as they stand. -#}
{% macro keyword_wholes(sections, first, last) -%}
    coalesce({{ list_join(list_map(
        'range((' ~ first ~ ') + 1, (' ~ last ~ ') + 1)', 'part_at', sections ~ '[part_at].whole'
    )) }}, '')
{%- endmacro %}

{#- The text of the section at `first`, with what follows it up to `last`. -#}
{% macro keyword_text(sections, first, last) -%}
    case
        when ({{ last }}) <= ({{ first }}) then {{ sections }}[{{ first }}].text
        when {{ sections }}[{{ first }}].letter = 'x' then {{ without_outer_space(
            '(' ~ sections ~ '[' ~ first ~ '].text || ' ~ keyword_wholes(sections, first, last) ~ ')'
        ) }}
        else {{ keyword_body(
            sections ~ '[' ~ first ~ '].header',
            '(' ~ sections ~ '[' ~ first ~ '].body || ' ~ keyword_wholes(sections, first, last) ~ ')'
        ) }}
    end
{%- endmacro %}

{#- An input's text, with the lines that follow it directly and only look like a keyword. -#}
{% macro keyword_input(sections, letters, place) -%}
    {%- set following = letters ~ '[' ~ place ~ ' + 1:]' -%}
    {{ keyword_text(
        sections, place, place ~ ' + len(' ~ following ~ ') - len(ltrim(' ~ following ~ ", 'iz'))"
    ) }}
{%- endmacro %}

{#-
  How a message is read: `reasoning`, `calls` (name, arguments, call_id), `answer`, the `reason` and
  `detail` why it cannot be, and what is odd about it.

  draft: of `keyword_draft`, with `is_answer`, `answer_end` (the answer's last section), `kept_at` (the
    calls that were carried out) and `output_name` (of the only output that follows; names a call that
    names no tool itself) added

  A section before the chosen call or answer belongs to the thought before it: the thought only mentions
  a keyword.
-#}
{% macro keyword_plan(source, draft, sections, number) -%}
    {%- set letters = draft ~ '.letters' -%}
    {%- set name -%}
        coalesce(nullif({{ sections }}[place].name, ''), {{ draft }}.output_name, '')
    {%- endset -%}
    {%- set input_at = keyword_input_at(letters, draft ~ '.calls_at', 'place') -%}
    {%- set calls = list_map(draft ~ '.kept_at', 'place', struct_of([
        ['name', name],
        ['arguments', 'case when ' ~ input_at ~ " = 0 then '{}' else '{\"input\": ' || "
            ~ as_json(keyword_input(sections, letters, input_at)) ~ "::varchar || '}' end"],
        ['call_id', "'call_' || " ~ number
            ~ " || case when call_number > 1 then concat('_', call_number) else '' end"],
    ]), 'call_number') -%}
    {%- set bound -%}
        case
            when {{ draft }}.is_answer then {{ draft }}.answer_at
            when len({{ draft }}.kept_at) > 0 then greatest(
                {{ draft }}.kept_at[1],
                {{ keyword_input_at(letters, draft ~ '.calls_at', draft ~ '.kept_at[1]') }}
            )
            else len({{ letters }}) + 1
        end
    {%- endset -%}
    {%- set chosen -%}
        case
            when not {{ draft }}.is_answer and len({{ draft }}.kept_at) > 0 then least(
                {{ draft }}.kept_at[1],
                coalesce(
                    nullif({{ keyword_input_at(letters, draft ~ '.calls_at', draft ~ '.kept_at[1]') }}, 0),
                    {{ draft }}.kept_at[1]
                )
            )
            else {{ bound }}
        end
    {%- endset -%}
    {%- set before = 'left(' ~ letters ~ ', (' ~ chosen ~ ') - 1)' -%}
    {%- set thought_end -%}
        place + len(regexp_extract({{ before }}[place + 1:], '^[^t]*'))
    {%- endset -%}
    {%- set thoughts = list_map(
        list_where('range(1, greatest(' ~ bound ~ ', 1))', 'place', letters ~ "[place] = 't'"),
        'place',
        keyword_text(sections, 'place', thought_end)
    ) -%}
    {%- set opening -%}
        {{ draft }}.preamble || case
            when {{ draft }}.preamble = '' then ''
            else {{ keyword_wholes(sections, '0', "len(regexp_extract(" ~ before ~ ", '^[^t]*'))") }}
        end
    {%- endset -%}
    {%- set has_stray_start -%}
        ({{ draft }}.preamble = '' and regexp_matches({{ before }}, '^[^t]'))
    {%- endset -%}
    {%- set is_rest_unread -%}
        case
            when {{ draft }}.is_answer
                then coalesce({{ sections }}[{{ draft }}.answer_at].rest, '') != ''
            else len({{ list_where(draft ~ '.kept_at', 'place', sections ~ "[place].rest != ''") }}) > 0
        end
    {%- endset -%}
    {%- set is_nameless = list_where(draft ~ '.kept_at', 'place', name ~ " = ''") -%}
    {{ struct_of([
        ['reasoning', "nullif(" ~ list_join(
            list_where('list_concat([' ~ opening ~ '], ' ~ thoughts ~ ')', 'part', "part != ''"),
            'chr(10)'
        ) ~ ", '')"],
        ['calls', 'case when ' ~ draft ~ '.is_answer then [] else ' ~ calls ~ ' end'],
        ['answer', 'case when ' ~ draft ~ '.is_answer then '
            ~ keyword_text(sections, draft ~ '.answer_at', draft ~ '.answer_end') ~ ' end'],
        ['reason', 'case when ' ~ source ~ '.text is null then null when ' ~ letters
            ~ " = '' then 'protocol_missing' when " ~ draft ~ '.is_answer and '
            ~ keyword_text(sections, draft ~ '.answer_at', draft ~ '.answer_end')
            ~ " = '' then 'answer_empty' when " ~ draft
            ~ '.is_answer then null when len(' ~ draft ~ ".kept_at) = 0 then 'action_missing' when len("
            ~ is_nameless ~ ") > 0 then 'tool_unnamed' end"],
        ['detail', 'regexp_replace(' ~ source ~ ".text, '\\s+', ' ', 'g')[:80]"],
        ['is_set_aside', has_stray_start ~ ' or case when ' ~ draft ~ '.is_answer then ' ~ draft
            ~ '.answer_end < len(' ~ letters ~ ') else not regexp_full_match(' ~ letters ~ '[' ~ chosen
            ~ ":], '(?:nt*[iz]*|x[iz]*|i[iz]*n?)(?:n[iz]*|x[iz]*)*') or len(" ~ draft
            ~ '.kept_at) < len(' ~ list_where(draft ~ '.calls_at', 'place', 'place >= (' ~ chosen ~ ')')
            ~ ') end or ' ~ is_rest_unread],
        ['is_inferred', 'not ' ~ draft ~ '.is_answer and len(' ~ list_where(
            draft ~ '.kept_at', 'place', "coalesce(" ~ sections ~ "[place].name, '') = ''"
        ) ~ ') > 0'],
    ]) }}
{%- endmacro %}

{#- A plan of each message. -#}
{% macro keyword_plans(read_messages, drafts, sections) -%}
    {{ list_map(drafts, 'draft', keyword_plan(
        read_messages ~ '[turn_number]', 'draft', sections ~ '[turn_number]', 'turn_number'
    ), 'turn_number') }}
{%- endmacro %}

{#- A turn for `canonical_messages`; `rendered` is SQL for the text that the family makes of a plan. -#}
{% macro keyword_turn(source, plan, plans, marks, number, rendered) -%}
    {%- set caller -%}
        len(rtrim({{ marks }}[:{{ number }} - 1], 'o'))
    {%- endset -%}
    {%- set place = '(' ~ number ~ ' - ' ~ caller ~ ')' -%}
    {%- set is_read = source ~ ".role = 'assistant' and " ~ source ~ '.text is not null' -%}
    {{ struct_of([
        ['role', source ~ '.role'],
        ['content', 'case when ' ~ is_read ~ ' then ' ~ plan ~ '.answer else ' ~ source ~ '.text end'],
        ['reasoning', 'case when ' ~ is_read ~ ' then ' ~ plan ~ '.reasoning end'],
        ['calls', 'case when ' ~ is_read ~ ' then ' ~ plan ~ '.calls else [] end'],
        ['call_id', 'case when ' ~ source ~ ".role = 'tool' and " ~ place ~ ' <= len(' ~ plans ~ '['
            ~ caller ~ '].calls) then ' ~ plans ~ '[' ~ caller ~ '].calls[' ~ place ~ '].call_id end'],
        ['tool_name', source ~ '.tool_name'],
        ['extra', 'case when ' ~ is_read ~ ' and ' ~ rendered ~ ' is distinct from ' ~ source
            ~ ".text then " ~ json_patched(
                "coalesce(" ~ source ~ ".extra, '{}')",
                "'{\"protocol_text\": ' || " ~ as_json(source ~ '.text') ~ "::varchar || '}'"
            ) ~ '::varchar else ' ~ source ~ '.extra end'],
    ]) }}
{%- endmacro %}

{#- The faults of plans, as `message_faults` has them. -#}
{% macro keyword_faults(plans, marks) -%}
    {{ list_where(
        list_map(plans, 'plan', struct_of([
            ['reason', "case when " ~ marks ~ "[turn_number] = 'a' then plan.reason end"],
            ['turn', 'turn_number::integer'],
            ['detail', 'plan.detail'],
        ]), 'turn_number'),
        'fault',
        'fault.reason is not null'
    ) }}
{%- endmacro %}

{#- What was odd about the texts, as flags of the trajectory. -#}
{% macro keyword_flags(plans, turns, marks) -%}
    {%- set flags = {
        'answer_goes_on': "contains(plan.answer, chr(10))",
        'text_set_aside': 'plan.is_set_aside',
        'tool_inferred': 'plan.is_inferred',
    } -%}
    list_concat(
        {%- for flag, condition in flags.items() %}
        case
            when len({{ list_where(
                plans, 'plan', marks ~ "[plan_number] = 'a' and " ~ condition, 'plan_number'
            ) }}) > 0 then ['{{ flag }}']
            else []::varchar[]
        end,
        {%- endfor %}
        case
            when len({{ list_where(
                turns, 'keyword_turn', json_text_at('keyword_turn.extra', "'$.protocol_text'")
                ~ ' is not null'
            ) }}) > 0 then ['protocol_stray']
            else []::varchar[]
        end
    )
{%- endmacro %}

-- Values that formats tend to bend: one row of them, and one of nulls.
select
    170141183460469231731687303715884105727::hugeint as huge,
    1.10::decimal(3, 2) as small_decimal,
    12345678901234567.89::decimal(19, 2) as large_decimal,
    'nan'::double as not_a_number,
    '\x00\xFF'::blob as bytes,
    timestamptz '2026-01-01 02:00:00.5+02' as at,
    timestamp_ns '2026-01-01 00:00:00.123456789' as nanoseconds,
    interval '1 month' as span,
    'infinity'::date as forever,
    map {1: 'x'} as keyed,
    {'a b': [1.5::double, null]} as nested,
    '' as empty,
    'say "hi",' || chr(10) || chr(155) || '2J' as hostile
union all
select null, null, null, null, null, null, null, null, null, null, null, null, null

-- Of every landed file: records = accepted + rejected + duplicates + references.
with

files as (
    select * from {{ ref('files') }}
),

fates as (
    select
        dataset,
        file_id,
        'accepted' as fate
    from {{ ref('trajectories') }}
    union all
    select
        dataset,
        file_id,
        'rejected' as fate
    from {{ ref('rejections') }}
    union all
    select
        dataset,
        file_id,
        'duplicate' as fate
    from {{ ref('duplicates') }}
    union all
    select
        dataset,
        file_id,
        'reference' as fate
    from {{ ref('int_references_unioned') }}
    where reason is null
),

fates_counted as (
    select
        dataset,
        file_id,
        count(*) filter (where fate = 'accepted') as n_accepted,
        count(*) filter (where fate = 'rejected') as n_rejected,
        count(*) filter (where fate = 'duplicate') as n_duplicates,
        count(*) filter (where fate = 'reference') as n_references
    from fates
    group by dataset, file_id
),

violations as (
    select
        files.dataset,
        files.source_file,
        files.n_records,
        coalesce(fates_counted.n_accepted, 0) as n_accepted,
        coalesce(fates_counted.n_rejected, 0) as n_rejected,
        coalesce(fates_counted.n_duplicates, 0) as n_duplicates,
        coalesce(fates_counted.n_references, 0) as n_references
    from files
    full join fates_counted
        on files.dataset = fates_counted.dataset and files.file_id = fates_counted.file_id
    where
        coalesce(files.n_records, -1) != coalesce(fates_counted.n_accepted, 0)
        + coalesce(fates_counted.n_rejected, 0)
        + coalesce(fates_counted.n_duplicates, 0)
        + coalesce(fates_counted.n_references, 0)
)

select * from violations

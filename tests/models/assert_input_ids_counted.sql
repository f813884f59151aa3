-- Of every row of tokens: the ids are as many as it says, and some but not more are trained.
select example_id
from {{ ref('int_examples_fitted') }}
where
    reason is null
    and (len(input_ids) != n_tokens or n_trained_tokens not between 1 and n_tokens)

-- Of every row of tokens: the mask is 0 or 1, as long as the ids, and trains as many as it says.
select example_id
from {{ ref('int_examples_fitted') }}
where
    reason is null
    and (
        len(loss_mask) != n_tokens
        or list_sum(loss_mask) != n_trained_tokens
        or list_max(loss_mask) != 1
        or list_min(loss_mask) not in (0, 1)
    )

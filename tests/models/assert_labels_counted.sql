-- Of every row of tokens: the labels are as many as the ids, and all but the trained are -100.
select example_id
from {{ ref('sft_tokenized') }}
where
    len(labels) != n_tokens
    or len({{ list_where('labels', 'label', 'label = -100') }}) != n_tokens - n_trained_tokens

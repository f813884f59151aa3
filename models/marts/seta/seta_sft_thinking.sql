-- Grain: one task of a dataset of terminal-agent trials, by its best trial, with the reasoning of
-- every assistant turn.
{{ seta_mart('seta_sft_thinking') }}

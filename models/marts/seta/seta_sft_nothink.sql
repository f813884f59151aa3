-- Grain: one task of a dataset of terminal-agent trials, by its best trial, without reasoning and
-- with /no_think in the system message.
{{ seta_mart('seta_sft_nothink') }}

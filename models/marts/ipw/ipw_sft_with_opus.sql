-- Grain: one trajectory of ipw_sft, or another one of Claude Opus, correct or not.
{{ ipw_mart('ipw_sft_with_opus') }}

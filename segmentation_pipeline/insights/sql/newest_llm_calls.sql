-- The newest calls, for a look in the UI; prompts and replies are in the table.
SELECT
    strftime(created_at, '%Y-%m-%d %H:%M:%S') AS at,
    strftime(refresh_month, '%Y-%m') AS refresh,
    purpose,
    subject,
    provider,
    model,
    outcome,
    input_tokens,
    output_tokens,
    cost_usd,
    latency_s,
    retry_count,
    error
FROM llm_calls
ORDER BY created_at DESC, call_id
LIMIT 50

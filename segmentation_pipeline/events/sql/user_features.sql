-- One row per user of the cohort: its behaviour before the landmark. Reads shown_behaviour.
SELECT $refresh_month::DATE AS refresh_month, *
FROM shown_behaviour
ORDER BY user_id

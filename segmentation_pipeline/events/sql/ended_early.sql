-- One row per kind of ending, and `any`: users of the relation cohort who ended before their landmark, with the Wilson
-- interval at $z standard errors (Wilson 1927). Nobody to judge: no information, an interval from 0 to 1.
WITH judged AS (
    SELECT status, ending FROM cohort WHERE status <> 'running_at_start'
),

kinds AS (
    SELECT unnest(['churn', 'conversion', 'end', 'any']) AS outcome
),

counts AS (
    SELECT
        k.outcome,
        (SELECT count(*) FROM judged) AS user_total,
        count(CASE WHEN j.status = 'ended_early' AND k.outcome IN ('any', j.ending) THEN 1 END) AS user_count
    FROM kinds AS k
    LEFT JOIN judged AS j ON TRUE
    GROUP BY k.outcome
),

shares AS (
    SELECT
        *,
        coalesce(user_count / nullif(user_total, 0), 0) AS share,
        $z * $z AS z2
    FROM counts
)

SELECT
    $refresh_month::DATE AS refresh_month,
    outcome,
    user_count,
    share,
    CASE WHEN user_total = 0 THEN 0 ELSE
        greatest(0, least(share, (share + z2 / (2 * user_total)
        - $z * sqrt(share * (1 - share) / user_total + z2 / (4 * user_total * user_total))) / (1 + z2 / user_total)))
    END AS share_low,
    CASE WHEN user_total = 0 THEN 1 ELSE
        least(1, greatest(share, (share + z2 / (2 * user_total)
        + $z * sqrt(share * (1 - share) / user_total + z2 / (4 * user_total * user_total))) / (1 + z2 / user_total)))
    END AS share_high
FROM shares
ORDER BY outcome

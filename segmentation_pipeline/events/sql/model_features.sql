-- One row per user of the relation behaviour with $judged_status: what clustering sees, keys in alphabetical order.
-- Reads behaviour and priors(feature, prior). Shares carry $pseudo_events events and means $pseudo_visits visits of
-- the population, then: sqrt of shares, log of counts and times. No breadth, active days or durations (functions of
-- the others), no endings, recency or lifetime totals (they define the outcome).
WITH population AS (
    SELECT
        max(CASE WHEN feature = 'daypart:afternoon' THEN prior END) AS afternoon,
        max(CASE WHEN feature = 'daypart:evening' THEN prior END) AS evening,
        max(CASE WHEN feature = 'daypart:morning' THEN prior END) AS morning,
        max(CASE WHEN feature = 'daypart:night' THEN prior END) AS night,
        max(CASE WHEN feature = 'depth:events_per_session' THEN prior END) AS events_per_session,
        max(CASE WHEN feature = 'intensity:sessions_per_week' THEN prior END) AS sessions_per_week,
        max(CASE WHEN feature = 'rhythm:gap_between_visits' THEN prior END) AS pause_s,
        max(CASE WHEN feature = 'rhythm:gap_within_visits' THEN prior END) AS gap_s,
        max(CASE WHEN feature = 'trend:second_half_share' THEN prior END) AS second_half,
        coalesce(list(feature ORDER BY feature) FILTER (WHERE feature LIKE 'mix:%'), []) AS mix_features,
        coalesce(list(prior ORDER BY feature) FILTER (WHERE feature LIKE 'mix:%'), []) AS mix_priors
    FROM priors
    HAVING count(*) > 0
),

judged AS (
    SELECT
        b.*,
        p.*,
        CASE WHEN b.session_count >= 2 THEN b.pause_s ELSE 86400 * b.exposure_days END AS shown_pause_s,
        greatest(b.pause_count, 1) AS shown_pause_count,
        list_transform(p.mix_features, lambda feature: coalesce(b.action_counts[substr(feature, 5)], 0)) AS mix_counts
    FROM behaviour AS b
    CROSS JOIN (SELECT * RENAME (pause_s AS prior_pause_s) FROM population) AS p
    WHERE b.status = $judged_status
),

-- What none of the named actions covers belongs to mix:other, an action really called so included.
pooled AS (
    SELECT
        *,
        list_transform(
            mix_features,
            lambda feature, place:
            CASE
                WHEN feature = 'mix:other'
                    THEN event_count - list_sum(mix_counts) + coalesce(action_counts['other'], 0)
                ELSE mix_counts[place]
            END
        ) AS counts
    FROM judged
),

-- Events of actions without a feature (new since the priors were stored) would leave shares that do not add up.
mixed AS (
    SELECT *, coalesce(list_sum(counts), 0) AS mix_total
    FROM pooled
)

SELECT
    user_id,
    map_concat(
        MAP {
            'daypart:afternoon':
                sqrt((afternoon_count + $pseudo_events * afternoon) / (event_count + $pseudo_events)),
            'daypart:evening': sqrt((evening_count + $pseudo_events * evening) / (event_count + $pseudo_events)),
            'daypart:morning': sqrt((morning_count + $pseudo_events * morning) / (event_count + $pseudo_events)),
            'daypart:night': sqrt((night_count + $pseudo_events * night) / (event_count + $pseudo_events)),
            'depth:events_per_session':
                ln(greatest(1, (event_count + $pseudo_visits * events_per_session) / (session_count + $pseudo_visits))),
            'intensity:sessions_per_week':
                coalesce(ln(1 + 7 * (session_count + $pseudo_visits)
                / (exposure_days + 7 * $pseudo_visits / nullif(sessions_per_week, 0))), 0)
        },
        map(
            mix_features,
            list_transform(
                counts,
                lambda use_count, place:
                sqrt((use_count + $pseudo_events * mix_priors[place]) / (mix_total + $pseudo_events))
            )
        ),
        MAP {
            'rhythm:gap_between_visits':
                ln(1 + least(
                    (shown_pause_s + $pseudo_visits * prior_pause_s) / (shown_pause_count + $pseudo_visits),
                    86400 * exposure_days
                )),
            'rhythm:gap_within_visits':
                coalesce(ln(1 + (visiting_s + $pseudo_visits * greatest(events_per_session - 1, 0) * gap_s)
                / nullif(gap_count + $pseudo_visits * greatest(events_per_session - 1, 0), 0)), 0),
            'rhythm:single_visit': CASE WHEN session_count <= 1 THEN 1.0 ELSE 0.0 END,
            'trend:second_half_share':
                sqrt((late_event_count + $pseudo_events * second_half) / (event_count + $pseudo_events))
        }
    ) AS model_features
FROM mixed

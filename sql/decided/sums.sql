-- purpose: the sums behind the figures of a group of calls: unnest(decided.sums(...)) of columns of decided.results
-- columns: calls, scored (with points), points (sum of 0..100), points_squared (their squares' sum), judged (calls that
--          passed or failed), passed, red_lines (calls), violating (calls with a violation), violations (findings), hours (h),
--          spl_calls, spl_sum (dB), rate_calls, rate_sum (字/分), silence_calls, silence_sum (ratio), interruption_calls,
--          interruption_sum (times): calls that could be measured, and the sum over them
create macro decided.sums(
    of_points, of_passed, of_fatal, of_violated, of_seconds, of_spl, of_cpm, of_silence, of_interruptions
) as {
    calls: count(*),
    scored: count(of_points),
    points: coalesce(sum(of_points), 0),
    points_squared: coalesce(sum(of_points * of_points), 0),
    judged: count(of_passed),
    passed: count(*) filter (where of_passed),
    red_lines: count(*) filter (where of_fatal),
    violating: count(*) filter (where of_violated > 0),
    violations: coalesce(sum(of_violated), 0),
    hours: coalesce(sum(of_seconds), 0) / 3600,
    spl_calls: count(of_spl),
    spl_sum: coalesce(sum(of_spl), 0),
    rate_calls: count(of_cpm),
    rate_sum: coalesce(sum(of_cpm), 0),
    silence_calls: count(of_silence),
    silence_sum: coalesce(sum(of_silence), 0),
    interruption_calls: count(of_interruptions),
    interruption_sum: coalesce(sum(of_interruptions), 0)
}

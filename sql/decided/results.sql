-- purpose: the result of every call that counts: a reviewer's form goes before the automatic score, verdicts before findings
-- columns: those of calls, of which score_total, passed and fatal are the latest form's where there is one, and hits,
--          violated, review and remedied leave out rejected findings and count confirmed ones that were for review as
--          violated; automatic_total (points), reviewed (whether there is a form). Calls under calibration are left out.
create view decided.results as
select
    c.* replace (
        if(r.call_id is null, c.score_total, r.total) as score_total,
        if(r.call_id is null, c.passed, coalesce(r.passed, if(r.fatal, false, null))) as passed,
        if(r.call_id is null, c.fatal, r.fatal) as fatal,
        coalesce(h.hits, c.hits) as hits,
        coalesce(h.violated, c.violated) as violated,
        coalesce(h.review, c.review) as review,
        coalesce(h.remedied, c.remedied) as remedied
    ),
    c.score_total as automatic_total,
    r.call_id is not null as reviewed
from published.calls as c
left join decided.review_results as r on r.call_id = c.call_id
left join decided.call_hits as h on h.call_id = c.call_id
where c.call_id not in (select o.call_id from decided.left_out as o)

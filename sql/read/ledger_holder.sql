-- purpose: whose call id this is (store: ledger)
-- parameters: $call_id
-- columns: sha256
select sha256
from contents
where call_id = $call_id
order by sha256

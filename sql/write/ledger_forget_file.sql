-- purpose: forget a file that is gone (store: ledger)
-- parameters: $path
delete from files
where path = $path

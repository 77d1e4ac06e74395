-- purpose: let another file stand for bytes whose file is gone or holds other bytes now (store: ledger)
-- parameters: $sha256, $path
update contents
set path = $path
where sha256 = $sha256

-- purpose: calls that count in no average while they are scored blind for calibration
-- columns: call_id
create table decided.left_out (call_id varchar primary key)

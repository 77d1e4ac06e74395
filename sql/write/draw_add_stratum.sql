-- purpose: a stratum of a draw (store: reviews)
-- parameters: $draw_id, $stratum, $calls (N), $drawn (n)
insert into draw_strata (draw_id, stratum, calls, drawn)
values ($draw_id, $stratum, $calls, $drawn)

"""What pages are put together from: the player, the call table, charts, findings, scorecard, review form."""

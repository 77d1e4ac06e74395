"""The stores of one data folder: artefacts, ledger, snapshots, reviews. Nothing else writes there."""

"""Pages: filters, data, components. No SQL and no arithmetic here."""

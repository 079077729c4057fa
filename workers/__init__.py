"""Who carries the work out: threads of this process, together with any other process on the same ledger."""

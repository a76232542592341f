"""One script per hot path, each measured beside its baseline in the same run. `make bench NAME=ledger`."""

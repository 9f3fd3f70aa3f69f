"""The report: what it says, and its three forms."""

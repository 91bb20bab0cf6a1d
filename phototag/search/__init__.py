"""Any photo in a second: what a query means, who finds it, and why it matched."""

"""From a heap of originals to a tree of events: what there is, which event, which name, which place, the copy."""

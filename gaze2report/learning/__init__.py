"""Learning from use: what readers made of drafts, and what may be learnt of it."""

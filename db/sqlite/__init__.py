"""Everything that only SQLite knows: connections and their settings, copies, integrity, triggers, error codes."""

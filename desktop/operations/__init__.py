"""What a reader can do, one function per action; callers start them, views listen."""

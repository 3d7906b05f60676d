"""Eye tracker to recording. Standard library and numpy only; knows neither Qt, the database nor the model."""

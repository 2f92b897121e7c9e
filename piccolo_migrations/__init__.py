"""One straight history of the database, forwards only."""

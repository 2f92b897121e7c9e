"""From a table into the store: what each format can carry, and how it gets there."""

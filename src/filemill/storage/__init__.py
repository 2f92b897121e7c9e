"""Where bytes live: objects in an S3 store, and the rows that know each of them."""

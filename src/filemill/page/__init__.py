"""What a browser gets: the page of every API, as plain files, and the route that serves them."""

"""The HTTP server of the API: uvicorn, and the bounds on connections that uvicorn does not have."""

"""The API for pipelines over large tables: presigned URLs in, presigned URLs out."""

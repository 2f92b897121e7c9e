"""The five APIs: each turns its own document's HTTP into jobs and back."""

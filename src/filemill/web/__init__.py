"""What the doors share: who is asking, bodies, error answers, health, metrics, documentation."""

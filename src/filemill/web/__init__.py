"""What the APIs share: who is asking, bodies, error answers, health, metrics, documentation."""

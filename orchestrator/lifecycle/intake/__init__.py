"""What comes in: events, commands, presses and schedules become decisions, turns and answers."""

"""What an ended execution's workflow publishes: laid out at its end, sent once, looked after."""

"""What stands beside the log: attachments, and reports sealed to a few."""

"""Messages to webhooks: which events a run has, what the messages say, how they are signed and retried."""

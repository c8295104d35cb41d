"""What a document holds, and the schedule that would read it: behind the verb `init`."""

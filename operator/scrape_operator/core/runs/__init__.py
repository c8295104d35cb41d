"""What a run is and what it gives: slots, states, reasons, items, expectations, retries."""

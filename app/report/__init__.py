"""The report: pages of HTML that say what to look at in a solved take or shoot, and why."""

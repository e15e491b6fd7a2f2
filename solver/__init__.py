"""From frames to landmarks to a performance. Imports `capture`; the nouns need numpy only."""

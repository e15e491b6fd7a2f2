"""From frames to landmarks to a performance. Imports `capture`; the nouns (landmarks, face_model, performance) need numpy only."""

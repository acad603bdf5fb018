"""HTTP for both services: one transport with retries, and errors that carry what they mean."""

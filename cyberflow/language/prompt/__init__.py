"""The prompt language: scanning for tokens and images, and rendering to the HTML that goes out."""

"""The bytes that the platform holds or makes: attachments, signed addresses, and pictures that stand for others."""

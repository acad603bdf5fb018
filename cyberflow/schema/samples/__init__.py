"""Values made of schemas: readable examples, and candidates for witnesses."""

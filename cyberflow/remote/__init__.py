"""What is there: whose each workflow of an account is, what it says in canonical form, and what it should say. It reads
and compares; writing is `deploy`'s.
"""

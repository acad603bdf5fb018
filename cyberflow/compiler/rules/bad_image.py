"""An image of a prompt that cannot be sent.

A source is a file of the project (PNG, JPEG, GIF or WebP by content, at most 10 MB), or an image that is on the
platform already (`supabase://…`). Other addresses are not fetched by the agent.

     workflows:
       search:
    -    prompt: Click ![the button](images/serch.png), then ![the icon](https://example.com/icon.png).
    +    prompt: Click ![the button](images/search.png), then the icon.
"""

"""A merge was not finished.

Git's markers stand in a file that declares something or that a prompt is made of. The agent would read both sides and
the markers too. Nothing else is said of such a file before it is mended.

     workflows:
       close-chart:
         prompt: |
           1. Read the banner.
    -<<<<<<< HEAD
    -      2. Click *Save*.
    -=======
           2. Click *Save and close*.
    ->>>>>>> close-the-chart
"""

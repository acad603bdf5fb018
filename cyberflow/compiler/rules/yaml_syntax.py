"""A file is not YAML.

The grammar is libyaml's with the 1.2 core schema: `on` and `no` are text, and a number with a leading zero stays text.
One document per file. The place is the bracket or quote that was never closed, where that is the reason.

     workflows:
       lookup:
    -    title: Visit: north
    +    title: 'Visit: north'
         prompt: Open the chart.
"""

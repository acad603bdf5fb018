"""Three facts about an animal, from the platform inside cyberflow: no account, no network."""

import sys

from flows.research import research

from cyberflow import CyberflowError

topic = sys.argv[1] if len(sys.argv) > 1 else "red panda"
try:
    found = research.run(target="local", topic=topic)
except CyberflowError as error:
    sys.exit(f"{error.message}: {error.help}")
print(f"{found.article} ({found.source})")
print(*found.facts, sep="\n")

"""Two workflows and a chain: the first finds an article, the second writes three facts down."""

from pydantic import BaseModel, Field

from cyberflow import chain, workflow


class Article(BaseModel):
    result: str = Field(description="The heading of the article", examples=["Red panda"])


class Facts(BaseModel):
    facts: list[str] = Field(
        min_length=3,
        max_length=3,
        examples=[
            [
                "Red pandas spend most of the day asleep in trees.",
                "Bamboo makes up nearly all of what they eat.",
                "They use their bushy tails as blankets in the cold.",
            ]
        ],
    )
    source: str = Field(examples=["https://example.org/red-panda"])


class Research(BaseModel):
    article: str
    facts: list[str]
    source: str


@workflow(description="Looks a topic up in the encyclopedia and says which article to read")
def find_article(topic: str) -> Article:
    """
    1. Open Chrome and go to https://en.wikipedia.org.
    2. Click the search box at the top of the page, type <topic> and press Enter.
    3. If a list of results opens, click the first one that is about <topic> itself: not a list, a film or a disambiguation page.
    4. If nothing fits, use declare_task_failed with the reason "No article about <topic>".
    5. Use focused_action to read the heading of the article and save it as {{result}}.
    """
    raise NotImplementedError


@workflow(description="Searches the web and writes down three facts")
def collect_facts(topic: str, search_query: str) -> Facts:
    """
    1. Open a new tab in Chrome, go to https://duckduckgo.com and search for "<search_query> facts".
    2. Open the first result that is neither an advertisement nor a video.
    3. Use focused_action to find three facts about <topic> on the page, one short sentence each, and save them as {{facts}}, a JSON array of three strings.
    4. If the page has fewer than three, go back and try the next result. After five results, use declare_task_failed with the reason "Fewer than three facts about <topic>".
    5. Save the address of the page as {{source}}.
    """
    raise NotImplementedError


@chain
def research(topic: str) -> Research:
    """Finds an article on a topic, then three facts about it"""
    found = find_article.step("step1")(topic=topic)
    facts = collect_facts.step("step2")(topic=topic, search_query=found.result)  # what step1 found
    return Research.model_construct(article=found.result, facts=facts.facts, source=facts.source)

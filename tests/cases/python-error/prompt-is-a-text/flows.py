from cyberflow import workflow


@workflow(prompt="Open <chart>.")
def look(chart: str) -> None: ...

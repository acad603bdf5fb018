# cyberflow as an image, of the commit that is checked out: docker build --tag cyberflow:$(git rev-parse --short HEAD) .
FROM python:3.12-slim AS build
COPY . /src
RUN python -m venv /opt/cyberflow \
 && /opt/cyberflow/bin/python -m pip install --no-cache-dir --constraint /src/constraints.txt '/src[keyring]'

FROM python:3.12-slim
RUN apt-get update && apt-get install --yes --no-install-recommends git && rm -rf /var/lib/apt/lists/* \
 && useradd --create-home --uid 10001 cyberflow
COPY --from=build /opt/cyberflow /opt/cyberflow
ENV PATH=/opt/cyberflow/bin:$PATH
USER cyberflow
WORKDIR /project
ENTRYPOINT ["cyberflow"]

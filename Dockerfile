FROM python:3.13-slim AS build
WORKDIR /app
RUN python -m venv .venv
COPY requirements.lock ./
RUN .venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.lock
COPY . .
RUN .venv/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation \
        --config-settings editable_mode=compat --editable . \
    && .venv/bin/python -m compileall -q server commands

FROM python:3.13-slim
RUN useradd --uid 1000 --create-home router && install -d -m 0700 -o router -g router /data
COPY --from=build /app /app
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    LLM_ROUTER_HOST=0.0.0.0 \
    LLM_ROUTER_DATA=/data
WORKDIR /app
USER router
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --start-interval=1s \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:' + os.environ.get('LLM_ROUTER_PORT', '8080') + '/health', timeout=4)"]
ENTRYPOINT ["llm-router"]
CMD ["serve"]

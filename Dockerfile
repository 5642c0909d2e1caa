FROM python:3.13-slim AS build
WORKDIR /app
COPY requirements.lock bin/shrink ./
# Wheels alone: nothing is compiled here, so nothing that compiles is needed.
RUN python -m venv --without-pip .venv \
    && python -m pip --python .venv/bin/python install --no-cache-dir --disable-pip-version-check --no-compile \
        --only-binary=:all: --require-hashes --requirement requirements.lock \
    && python shrink .venv
COPY . .
# Modes are set because a clone under a strict umask would be unreadable to the user of the server.
RUN python -m pip --python .venv/bin/python install --no-cache-dir --disable-pip-version-check --no-compile \
        --no-deps --no-build-isolation --config-settings editable_mode=compat --editable . \
    && python -m pip --python .venv/bin/python uninstall --quiet --yes setuptools \
    && rm -rf build shrink bin/shrink web/fonts/*.py \
    && python -m compileall -q -j 0 --invalidation-mode unchecked-hash server commands \
    && chmod -R a+rX,go-w bin commands server web

FROM python:3.13-slim
# Any value puts fonts for every script and for emoji in PDFs into the image: 33 MB more to download.
ARG PDF_FONTS=""
# hadolint ignore=DL3008
RUN if [ -n "$PDF_FONTS" ]; then \
        apt-get update \
        && apt-get install -y --no-install-recommends \
            fonts-droid-fallback fonts-noto-color-emoji fonts-noto-core \
        && rm -rf /var/lib/apt/lists/*; \
    fi
# The image of Python comes without bytecode: without this, every start would compile the standard library anew.
RUN python -m compileall -q -j 0 -x '/(site-packages|dist-packages|ensurepip|idlelib|lib2to3|pydoc_data|test|tkinter|turtledemo)/' \
        "$(python -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')" \
    && useradd --uid 1000 --no-create-home --home-dir /data --shell /usr/sbin/nologin router \
    && install -d -m 0700 -o router -g router /data
COPY --from=build /app /app
ENV PATH=/app/.venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    LLM_ROUTER_HOST=0.0.0.0 \
    LLM_ROUTER_DATA=/data
WORKDIR /app
# By number, so that a platform can see that it is not root.
USER 1000:1000
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --start-interval=1s \
    CMD ["python", "-IS", "/app/bin/healthy"]
ENTRYPOINT ["llm-router"]
CMD ["serve"]

# The image of scrape-operator: a virtual environment from the lock file, on a slim Python, run by a user without rights.
#
#   docker build --build-arg BASE=python:3.13-slim@sha256:… --build-arg REVISION=$(git rev-parse HEAD) .
#
# BASE names a tag, so that everybody can build. A release pins it by digest, as above. Both stages need the same base,
# since the environment refers to its interpreter.
ARG BASE=python:3.13-slim

FROM ${BASE} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
# pip is not part of the environment that is shipped.
RUN python3 -m venv /opt/tools && python3 -m venv --without-pip /opt/scrape-operator
WORKDIR /src
COPY requirements.lock requirements-build.lock ./
# Only wheels, each by its hash: nothing is compiled, and no code of packages runs while the image is built.
RUN /opt/tools/bin/pip --python /opt/scrape-operator/bin/python3 install \
    --require-hashes --only-binary :all: --no-deps --no-compile --requirement requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY operator ./operator
RUN /opt/tools/bin/pip install --require-hashes --requirement requirements-build.lock \
 && /opt/tools/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /dist . \
 && /opt/tools/bin/pip --python /opt/scrape-operator/bin/python3 install --no-deps --no-compile /dist/*.whl
# Remove the tests of packages. Compiled code is not checked against its source, since the image is read-only.
RUN find /opt/scrape-operator/lib -depth -type d \( -name tests -o -name test -o -name e2e_test \) -exec rm -rf {} + \
 && /opt/scrape-operator/bin/python3 -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/scrape-operator/lib

FROM ${BASE}
ARG VERSION=0.1.0
ARG REVISION=
LABEL org.opencontainers.image.title="scrape-operator" \
      org.opencontainers.image.description="CronJob for the web, without the pods" \
      org.opencontainers.image.url="https://scrape-operator.dev" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /opt/scrape-operator /opt/scrape-operator
# Without the chart, the SQLite file is here: mount a volume on it.
RUN install -d -o 65532 -g 65532 /data
# kopf reads USER, since this uid has no entry in /etc/passwd.
ENV PATH=/opt/scrape-operator/bin:$PATH \
    USER=scrape-operator \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    SCRAPE_OPERATOR_SQLITE_PATH=/data/scrape-operator.db
USER 65532:65532
WORKDIR /data
EXPOSE 8080
ENTRYPOINT ["scrape-operator"]
CMD ["run"]

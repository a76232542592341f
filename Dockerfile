# Two stages: wheels are put into a virtual environment, then copied; the final image has no compiler and no pip cache.
FROM python:3.13-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
COPY requirements/base.lock /tmp/base.lock
RUN python -m venv /opt/venv \
 && /opt/venv/bin/pip install --require-hashes --no-deps --only-binary :all: -r /tmp/base.lock

FROM python:3.13-slim
RUN useradd --create-home --uid 10001 regulars && mkdir -p /app/var && chown regulars /app/var
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 HOST_ADDRESS=0.0.0.0 PORT=8000
WORKDIR /app
COPY --from=build /opt/venv /opt/venv
COPY . /app
RUN python -m compileall -q /app
USER regulars
# Media, and the database when there is no DATABASE_URL.
VOLUME /app/var
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=120s \
  CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:' + os.environ['PORT'] + '/health/live', timeout=4)"]
# Everything in one container, embedded PostgreSQL included. compose.yaml runs web and worker apart.
CMD ["python", "manage.py", "up"]

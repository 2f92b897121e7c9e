# One image for the API and the workers: they differ by their command only (compose.yaml).

FROM debian:bookworm-slim AS build
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates python3 python3-venv \
 && rm -rf /var/lib/apt/lists/*
RUN python3 -m venv /opt/filemill
ENV PATH=/opt/filemill/bin:$PATH PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /build
# What we stand on changes less often than we do: a layer of its own.
COPY pyproject.toml constraints.txt ./
RUN python3 -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['dependencies'], sep='\n')" \
      > requirements.txt \
 && pip install --only-binary :all: -r requirements.txt -c constraints.txt
COPY README.md LICENSE* ./
COPY src src
COPY workers workers
COPY piccolo_migrations piccolo_migrations
RUN pip wheel --no-deps --wheel-dir dist . \
 && pip install --no-deps dist/*.whl \
 && pip check \
 && pip uninstall -y pip setuptools


FROM debian:bookworm-slim
# What documents take is much and changes least: a layer of its own.
RUN apt-get update \
 && apt-get install -y --no-install-recommends \
      fonts-crosextra-caladea fonts-crosextra-carlito fonts-dejavu-core fonts-liberation2 fonts-noto-cjk \
      fonts-noto-color-emoji fonts-noto-core fonts-symbola \
      hunspell-de-de hunspell-en-us hunspell-es hunspell-fr-classical hunspell-it hunspell-nl hunspell-pl \
      hunspell-pt-pt hunspell-ru libhunspell-1.7-0 \
      libmimalloc2.0 libreoffice-calc-nogui libreoffice-impress-nogui libreoffice-math-nogui libreoffice-writer-nogui \
      python3-uno \
 && rm -rf /var/lib/apt/lists/*
RUN apt-get update \
 && apt-get install -y --no-install-recommends bubblewrap ca-certificates libmagic1 libseccomp2 python3 \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --uid 10001 --user-group --home-dir /var/lib/filemill --shell /usr/sbin/nologin filemill \
 && install -d -o filemill -g filemill -m 0700 /var/lib/filemill
COPY --from=build /opt/filemill /opt/filemill
COPY minio-init /srv/filemill/minio-init
ENV PATH=/opt/filemill/bin:$PATH LANG=C.UTF-8 PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
WORKDIR /srv/filemill
USER filemill
EXPOSE 8000
CMD ["filemill", "api", "--host", "0.0.0.0", "--port", "8000"]

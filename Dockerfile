# The service in one image: docker build --tag anomalydino-inspector .
#
#   VARIANT=cpu|gpu      cpu: faiss-cpu (default); gpu: faiss-gpu. Never both. CUDA comes from the wheels, not from the base.
#   TORCH_INDEX_URL=     package index for torch and torchvision alone; empty: the default index, whose torch has CUDA.
#   BAKE_WEIGHTS=        names of backbones whose weights are built in, separated by spaces, for hosts without network.
#   REVISION=            the commit, for the image's label.

FROM python:3.11-slim-bookworm AS base


# The project cut in parts, so that a layer below is made again only when its own part changes.
FROM base AS builder
WORKDIR /build
COPY constraints.txt ./
# torch's CUDA libraries are gigabytes. Those named cu12 are not torch's but faiss-gpu's.
RUN mkdir parts \
    && grep -E '^(torch|torchvision)==' constraints.txt > parts/torch.txt \
    && grep -E '^(torch|torchvision|triton|nvidia-.*|cuda-.*)==' constraints.txt | grep -v -e '-cu12==' > parts/torch-cuda.txt

ARG VARIANT=cpu
COPY pyproject.toml ./
# pyproject.toml has no way to choose FAISS but by platform, so the cpu variant edits it: the wheel then says what it needs.
RUN case "$VARIANT" in \
      cpu) sed -i -e '/"faiss-gpu/d' -e 's/"\(faiss-cpu[^;]*\);[^"]*"/"\1"/' pyproject.toml ;; \
      gpu) ;; \
      *) echo "VARIANT is cpu or gpu, not $VARIANT" >&2; exit 1 ;; \
    esac \
    && mkdir dependencies && cp constraints.txt dependencies/ \
    && python3 -c "import tomllib; print(*tomllib.load(open('pyproject.toml', 'rb'))['project']['dependencies'], sep='\n')" \
       > dependencies/requirements.txt

COPY README.md ./
COPY models/ models/
COPY app/ app/
# Installed without its dependencies into a venv that lies where the one of the image does, to be laid over it.
RUN PIP_CONSTRAINT=constraints.txt pip wheel --no-cache-dir --no-deps --wheel-dir wheel . \
    && python3 -m venv --without-pip /opt/venv \
    && pip --python /opt/venv/bin/python install --no-cache-dir --no-deps wheel/*.whl


FROM base
RUN groupadd --gid 10001 inspector \
    && useradd --uid 10001 --gid inspector --home-dir /tmp --no-create-home --shell /usr/sbin/nologin inspector \
    && install --directory --owner=inspector --group=inspector /data /weights \
    && python3 -m venv --without-pip /opt/venv

# Largest and rarest first: torch (gigabytes with CUDA), the other libraries, the service itself.
ARG TORCH_INDEX_URL=
COPY --from=builder /build/parts/ /opt/inspector/
RUN if [ -n "$TORCH_INDEX_URL" ]; then set -- --index-url "$TORCH_INDEX_URL" --requirement /opt/inspector/torch.txt; \
    else set -- --requirement /opt/inspector/torch-cuda.txt; fi \
    && pip --python /opt/venv/bin/python install --no-cache-dir --no-deps "$@"

COPY --from=builder /build/dependencies/ /opt/inspector/
RUN pip --python /opt/venv/bin/python install --no-cache-dir \
    --constraint /opt/inspector/constraints.txt --requirement /opt/inspector/requirements.txt

# With the files in docker/weights; a file that lies there needs no network.
COPY docker/weights/ /opt/weights/

COPY --from=builder /opt/venv/ /opt/venv/
COPY docker/entrypoint /usr/local/bin/
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    INSPECTOR_HOST=0.0.0.0 \
    INSPECTOR_DATA_DIR=/data \
    INSPECTOR_WEIGHTS_DIR=/weights
WORKDIR /opt/inspector
ARG BAKE_WEIGHTS=
RUN pip --python /opt/venv/bin/python check \
    && test "$(ls -d /opt/venv/lib/python3*/site-packages/faiss_*.dist-info | wc -l)" = 1 \
    && for name in $BAKE_WEIGHTS; do INSPECTOR_WEIGHTS_DIR=/opt/weights inspector weights fetch "$name" || exit 1; done \
    && chmod -R a+rX /opt/weights

ARG VARIANT=cpu
ARG REVISION=
LABEL org.opencontainers.image.title="AnomalyDINO Inspector" \
      org.opencontainers.image.description="Inspects photographs of manufactured parts from a handful of good examples" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.variant="$VARIANT"

USER 10001:10001
VOLUME ["/data", "/weights"]
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=5m --retries=3 CMD ["inspector", "health"]
ENTRYPOINT ["entrypoint"]
CMD ["inspector", "serve"]

# Build: every dependency locked, the `dist` profile (thin LTO).
FROM rust:1.95-slim-bookworm AS build
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN cargo build --profile dist --locked && cp target/dist/sisir /sisir

# Run: one binary, nobody's account, nothing to write but /data.
FROM debian:bookworm-slim
# Certificates of the platforms and the mail server are checked against the system's; `sisir backup` runs pg_dump.
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates postgresql-client && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 10001 --home-dir /data --create-home sisir
COPY --from=build /sisir /usr/local/bin/sisir
USER 10001
WORKDIR /data
VOLUME /data
ENV SISIR__WEB__LISTEN=0.0.0.0:8600 SISIR__METRICS__LISTEN=0.0.0.0:8601
EXPOSE 8600 8601
HEALTHCHECK --interval=30s --timeout=6s --start-period=10s CMD ["sisir", "health"]
ENTRYPOINT ["sisir"]
CMD ["up"]

# The command line in a container: `docker build -t squeeze .`, then, with a GPU,
#   docker run --rm --gpus all --user "$(id -u):$(id -g)" -v "$PWD/runs:/work/runs" squeeze train
# NVIDIA's container toolkit brings its driver's Vulkan part, which asks for libXext and EGL; without a GPU the
# CPU backend runs.

FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --release --locked --package squeeze-cli

FROM debian:bookworm-slim
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates libegl1 libvulkan1 libxext6 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --create-home --home-dir /work squeeze
COPY --from=build /src/target/release/squeeze /usr/local/bin/squeeze
# Vulkan is a part of the driver that has to be asked for.
ENV NVIDIA_DRIVER_CAPABILITIES=compute,graphics,utility
USER 10001
WORKDIR /work
ENTRYPOINT ["squeeze"]
CMD ["--help"]

# One image for every process of Purser: `docker build -t purser .`; docs/deploying.md says how to run it.
# Node of the base image only starts npm; the program runs under the Node that package.json pins.
FROM node:26-bookworm-slim AS base
RUN apt-get update && apt-get install -y --no-install-recommends libatomic1 && rm -rf /var/lib/apt/lists/*
WORKDIR /purser

FROM base AS build
COPY . .
RUN npm ci --no-audit --no-fund && npm run build -w @purser/web && rm -rf node_modules packages/*/node_modules apps/*/node_modules

FROM base
ENV NODE_ENV=production HOST=0.0.0.0 PORT=4780 PURSER_DATA=/data
COPY --from=build /purser .
RUN npm ci --omit=dev --no-audit --no-fund && npm cache clean --force \
  && useradd --system --uid 10001 --home-dir /data purser && install -d -o purser -m 700 /data
USER purser
VOLUME /data
EXPOSE 4780
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/readyz`).then((a) => process.exit(a.ok ? 0 : 1), () => process.exit(1))"]
# Signals go to the program itself, which lets its calls end first.
ENTRYPOINT ["node", "apps/cli/bin/purser.mjs"]
CMD ["serve"]

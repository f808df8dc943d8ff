#!/bin/sh
# docker/digests.sh: the images that docker-compose.yml names by tag, each with the digest that the tag has today, as lines
# for .env. A digest names one image for good, on every kind of processor; a tag may lead to another one tomorrow.
set -eu
cd "$(dirname "$0")/.."
sed -n 's/.*\${\([A-Z]*_IMAGE\):-\([^}]*\)}.*/\1 \2/p' docker/docker-compose.yml | sort -u | while read -r name image; do
  digest=$(docker buildx imagetools inspect "$image" --format '{{.Manifest.Digest}}')
  echo "$name=$image@$digest"
done

# The app's image for AWS Lambda: Lambda's Web Adapter stands in front and turns events into HTTP requests. First build the
# app's own image; then, from the project's root:
#
#   docker build --build-arg IMAGE=digit-reader:latest --file docker/lambda.Dockerfile --tag digit-reader:lambda .
ARG IMAGE=digit-reader:latest
FROM public.ecr.aws/awsguru/aws-lambda-adapter:0.9.1 AS adapter

FROM ${IMAGE}
COPY --from=adapter /lambda-adapter /opt/extensions/lambda-adapter

# Nothing is kept: an instance of a function has no disk that lasts. The adapter asks /ready
# until it answers 200, so the model is loaded as part of the start and not by the first caller.
ENV READ_ONLY=true \
    DATA_DIR=/tmp \
    TRUSTED_PROXIES=127.0.0.1 \
    AWS_LWA_PORT=8501 \
    AWS_LWA_READINESS_CHECK_PATH=/ready \
    AWS_LWA_ASYNC_INIT=true

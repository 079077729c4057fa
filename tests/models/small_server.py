"""`python small_server.py FILE PORT MODEL KEY`: serves a GGUF file on loopback until a signal ends it."""

import signal
import sys

import xllamacpp

CONTEXT = 2048  # tokens


def serve(file: str, port: int, model: str, key: str) -> xllamacpp.Server:
    """Load the model and serve it, in threads. Returns when it is loaded."""
    parameters = xllamacpp.CommonParams()
    parameters.model.path = file
    parameters.model_alias = {model}
    parameters.api_keys = [key]
    parameters.hostnames, parameters.port = ["127.0.0.1"], port
    parameters.offline, parameters.ui = True, False
    parameters.n_ctx, parameters.n_parallel, parameters.n_gpu_layers = CONTEXT, 1, 0
    parameters.cache_ram_mib, parameters.warmup, parameters.n_threads_http = 0, False, 2
    # llama.cpp's threads spin while they wait for each other. Measured on two cores with other work on them:
    # 908 ms a token with two threads, 14 ms with one.
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = 1
    return xllamacpp.Server(parameters)


if __name__ == "__main__":
    server = serve(sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4])
    signal.pause()

"""What the conformance tests, the end-to-end tests and the benchmark share: servers, stores, the command."""

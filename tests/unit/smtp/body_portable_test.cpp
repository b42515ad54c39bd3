// The same tests for what processors without SSE2 execute: the encoder once more, under another
// name, compiled as it is for them.
#undef __SSE2__
#define BodyEncoder PortableBodyEncoder

#include "smtp/body.cpp"  // NOLINT(bugprone-suspicious-include)

#include "body_test.cpp"  // NOLINT(bugprone-suspicious-include)

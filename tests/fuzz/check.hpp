#pragma once

#include <cstdio>
#include <cstdlib>

// A property of a fuzz target: says which one failed and stops, with and without libFuzzer, in every kind of build.
#define FUZZ_CHECK(condition)                                                        \
  do {                                                                               \
    if (!(condition)) {                                                              \
      std::fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                                  \
    }                                                                                \
  } while (false)

#pragma once

#include <doctest/doctest.h>

#include "node.hpp"

namespace nodes {

/// Runs a test with each family.
template <typename Test>
void with_each_family(Test test) {
  for (const Family& family : families) {
    CAPTURE(family.name);
    test(family);
  }
}

}  // namespace nodes
